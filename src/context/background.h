// Jobs on a thread of their own, one after another.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "core/fork.h"

namespace rattan {

// The thread starts with the first job; where none can be started jobs run on the caller's. Jobs must not throw. fork()
// waits for the job that runs; the others are done in the parent and in the child, by a thread of each.
class Background final : ForkAware {
 public:
  // stop: set while fork() waits, for a job that would rather end early and order itself again.
  explicit Background(std::atomic<bool>* stop = nullptr) : stop_(stop) { watch_forks(); }
  ~Background();  // as forget(), then ends the thread
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  void run(std::function<void()> job);

  // Starts the thread where jobs wait for one: in a forked child.
  void go_on();

  // Jobs that have not begun never will; returns when the one that has is done.
  void forget();

  // Returns when every job is done.
  void wait();

 private:
  void before_fork() override;
  void after_fork_in_parent() override;
  void after_fork_in_child() override;

  using Lock = std::unique_lock<std::mutex>;
  void start(Lock& lock);
  void work();
  void work_off(Lock& lock);

  void set_stop(bool stop) noexcept {
    if (stop_ != nullptr) stop_->store(stop);
  }

  std::atomic<bool>* stop_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  bool busy_ = false;
  bool forking_ = false;  // no job begins
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace rattan
