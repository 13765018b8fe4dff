#include "context/background.h"

#include <memory>
#include <utility>

namespace rattan {

Background::~Background() {
  unwatch_forks();
  forget();
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Background::run(std::function<void()> job) {
  Lock lock(mutex_);
  jobs_.push_back(std::move(job));
  start(lock);
}

void Background::go_on() {
  Lock lock(mutex_);
  start(lock);
}

void Background::forget() {
  Lock lock(mutex_);
  jobs_.clear();
  changed_.wait(lock, [this] { return !busy_; });
}

void Background::wait() {
  Lock lock(mutex_);
  start(lock);
  changed_.wait(lock, [this] { return !busy_ && jobs_.empty(); });
}

void Background::before_fork() {
  set_stop(true);
  Lock lock(mutex_);
  forking_ = true;
  changed_.wait(lock, [this] { return !busy_; });
  static_cast<void>(lock.release());  // nobody is in here while the process is copied
}

void Background::after_fork_in_parent() {
  set_stop(false);
  forking_ = false;
  mutex_.unlock();
  changed_.notify_all();
}

// The thread that waits by the old objects is not here.
void Background::after_fork_in_child() {
  std::construct_at(&mutex_);
  std::construct_at(&changed_);
  std::construct_at(&thread_);
  forking_ = false;
  set_stop(false);
}

void Background::start(Lock& lock) {
  if (jobs_.empty() || busy_) return;
  if (!thread_.joinable()) {
    try {
      thread_ = std::thread([this] { work(); });
    } catch (...) {
      work_off(lock);
      return;
    }
  }
  changed_.notify_all();
}

void Background::work() {
  Lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || (!jobs_.empty() && !forking_); });
    if (ending_) return;
    work_off(lock);
  }
}

void Background::work_off(Lock& lock) {
  while (!jobs_.empty() && !ending_ && !forking_) {
    const std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    busy_ = true;
    lock.unlock();
    job();
    lock.lock();
    busy_ = false;
    changed_.notify_all();
  }
}

}  // namespace rattan
