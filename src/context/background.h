// Jobs on a thread of their own, one after another.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace rattan {

// The thread starts with the first job. Jobs must not throw.
class Background {
 public:
  Background() = default;
  ~Background();  // as forget(), then ends the thread
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  void run(std::function<void()> job);

  // Jobs that have not begun never will; returns when the one that has is done.
  void forget();

  // Returns when every job is done.
  void wait();

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  bool busy_ = false;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace rattan
