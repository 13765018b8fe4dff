// Threads of the library's own. OpenMP's end the process where one cannot be started, are not there in a forked child,
// spin between regions, and a region waits for its whole team, which a busy machine wakes late.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <limits>
#include <mutex>
#include <thread>
#include <vector>

#include "core/fork.h"
#include "rattan/executor.h"

namespace rattan {

// Keeps the exception of the lowest-numbered task that threw; no exception must leave the thread of a task.
class FirstError {
 public:
  void capture(std::size_t task) noexcept {
    const std::lock_guard lock(mutex_);
    if (task < task_) {
      task_ = task;
      error_ = std::current_exception();
    }
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::mutex mutex_;
  std::size_t task_ = std::numeric_limits<std::size_t>::max();
  std::exception_ptr error_;
};

// The calling thread works too, and run() waits only for tasks that another thread has begun: where no other wakes in
// time, or can be started, the caller does everything itself. Threads start at the first run of two tasks, in a forked
// child anew. run() allocates nothing once they have.
class ThreadPool final : public Executor, private ForkAware {
 public:
  // threads: 1 or more, the calling one included.
  explicit ThreadPool(unsigned threads);
  ~ThreadPool() override;

  unsigned workers() const noexcept override { return threads_; }
  void run(std::size_t tasks, const Task& task) override;

 private:
  struct Job;

  void after_fork_in_child() override;
  void start_helpers();
  void publish(Job& job);
  void retire(Job& job);
  Job* open_job() const noexcept;
  void help(unsigned worker);

  const unsigned threads_;
  std::mutex mutex_;
  std::condition_variable wake_;    // there is a job, or the pool ends
  std::condition_variable helped_;  // a helper has left a job
  Job* first_ = nullptr;            // of the runs that have tasks to give away
  bool ending_ = false;
  std::size_t most_helpers_;
  std::vector<std::thread> helpers_;
};

}  // namespace rattan
