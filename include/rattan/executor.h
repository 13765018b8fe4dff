// Where parallel work runs. An engine plugs in its own threads; the default is OpenMP.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#pragma GCC visibility push(default)

namespace rattan {

class Executor {
 public:
  // `task` counts from 0 to tasks - 1, `worker` from 0 to workers() - 1; no two tasks run at once with one worker
  // number.
  using Task = std::function<void(std::size_t task, unsigned worker)>;

  virtual ~Executor() = default;

  // How many tasks may run at once; at least 1.
  virtual unsigned workers() const noexcept = 0;

  // Runs every task once and returns when all are done. If tasks throw, the exception of the lowest-numbered throwing
  // task is rethrown after all others have ended or been skipped. May be called from several threads at once.
  virtual void run(std::size_t tasks, const Task& task) = 0;
};

// OpenMP with the number of threads that OMP_NUM_THREADS or the machine gives. Starts no thread before first use.
Executor& default_executor();

// OpenMP with `threads` threads, at most 1024; 0 means as many as default_executor(). Throws Error(invalid_argument).
std::unique_ptr<Executor> make_openmp_executor(unsigned threads);

// Runs everything on the calling thread.
Executor& serial_executor();

}  // namespace rattan

#pragma GCC visibility pop
