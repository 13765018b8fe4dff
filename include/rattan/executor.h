// Where parallel work runs. An engine plugs in its own threads; the default is a pool of the library.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#pragma GCC visibility push(default)

namespace rattan {

class Executor {
 public:
  // `task` counts from 0 to tasks - 1, `worker` from 0 to workers() - 1; no two tasks of one worker run at once.
  using Task = std::function<void(std::size_t task, unsigned worker)>;

  virtual ~Executor() = default;

  // How many tasks may run at once; at least 1.
  virtual unsigned workers() const noexcept = 0;

  // Runs every task once and returns when all are done. If tasks throw, the exception of the lowest-numbered throwing
  // task is rethrown after all others have ended or been skipped. May be called from several threads at once.
  virtual void run(std::size_t tasks, const Task& task) = 0;
};

// Threads of the library, as many as OMP_NUM_THREADS or the machine gives. The calling thread is one of them and does
// all the work where no other can be started. None starts before first use; a child of fork() starts its own.
Executor& default_executor();

// The same with `threads` threads, at most 1024, of its own; 0: as many as default_executor(). Throws Error.
std::unique_ptr<Executor> make_thread_executor(unsigned threads);

// OpenMP, for engines whose other work runs on its team: the runtime ends the process where it cannot start a thread.
// In a child of fork() all runs on the calling thread. The rest: as make_thread_executor.
std::unique_ptr<Executor> make_openmp_executor(unsigned threads);

// Runs everything on the calling thread.
Executor& serial_executor();

}  // namespace rattan

#pragma GCC visibility pop
