#include "core/thread_pool.h"

#include <atomic>
#include <memory>
#include <system_error>

namespace rattan {

// The tasks of one run. Lives on the stack of run(), which leaves when no helper is inside.
struct ThreadPool::Job {
  Job(std::size_t tasks_, const Task& task_) : tasks(tasks_), task(task_) {}

  bool open() const noexcept { return next.load(std::memory_order_relaxed) < tasks; }

  // Takes tasks until there are none.
  void work(unsigned worker) {
    for (std::size_t i = next.fetch_add(1); i < tasks; i = next.fetch_add(1)) {
      try {
        task(i, worker);
      } catch (...) {
        error.capture(i);
      }
    }
  }

  const std::size_t tasks;
  const Task& task;
  std::atomic<std::size_t> next{0};
  FirstError error;
  unsigned inside = 0;       // helpers, under the pool's lock
  Job* following = nullptr;  // likewise
};

ThreadPool::ThreadPool(unsigned threads) : threads_(threads), most_helpers_(threads - 1) { watch_forks(); }

ThreadPool::~ThreadPool() {
  unwatch_forks();
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  for (std::thread& helper : helpers_) helper.join();
}

void ThreadPool::run(std::size_t tasks, const Task& task) {
  Job job(tasks, task);
  if (tasks < 2 || threads_ < 2) {
    job.work(0);
  } else {
    publish(job);
    job.work(0);
    retire(job);
  }
  job.error.rethrow();
}

// Of the parent's threads none is here, and its locks may be held by them. What they hold of the old objects is lost.
void ThreadPool::after_fork_in_child() {
  std::construct_at(&mutex_);
  std::construct_at(&wake_);
  std::construct_at(&helped_);
  std::construct_at(&helpers_);
  first_ = nullptr;
  most_helpers_ = threads_ - 1;
}

// Where the system has no more threads, fewer are tried from then on.
void ThreadPool::start_helpers() {
  try {
    helpers_.reserve(most_helpers_);
    while (helpers_.size() < most_helpers_) {
      const auto worker = static_cast<unsigned>(helpers_.size()) + 1;
      helpers_.emplace_back([this, worker] { help(worker); });
    }
  } catch (const std::system_error&) {
    most_helpers_ = helpers_.size();
  }
}

void ThreadPool::publish(Job& job) {
  const std::lock_guard lock(mutex_);
  if (helpers_.size() < most_helpers_) start_helpers();
  job.following = first_;
  first_ = &job;
  if (job.tasks == 2) {
    wake_.notify_one();
  } else {
    wake_.notify_all();
  }
}

void ThreadPool::retire(Job& job) {
  std::unique_lock lock(mutex_);
  Job** place = &first_;
  while (*place != &job) place = &(*place)->following;
  *place = job.following;
  helped_.wait(lock, [&] { return job.inside == 0; });
}

ThreadPool::Job* ThreadPool::open_job() const noexcept {
  Job* job = first_;
  while (job != nullptr && !job->open()) job = job->following;
  return job;
}

void ThreadPool::help(unsigned worker) {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (Job* const job = open_job()) {
      ++job->inside;
      lock.unlock();
      job->work(worker);
      lock.lock();
      if (--job->inside == 0) helped_.notify_all();
    } else if (ending_) {
      return;
    } else {
      wake_.wait(lock);
    }
  }
}

}  // namespace rattan
