// Work that ends early where nobody wants it any more.
#pragma once

#include <atomic>
#include <cstddef>

#include "rattan/executor.h"

namespace rattan {

// What a Stoppable throws.
struct Stopped {};

// On the threads of another executor, or on the calling one.
class Stoppable final : public Executor {
 public:
  explicit Stoppable(const std::atomic<bool>& stopping, Executor& executor = serial_executor()) noexcept
      : stopping_(stopping), executor_(executor) {}

  bool stopped() const noexcept { return stopping_.load(std::memory_order_relaxed); }
  unsigned workers() const noexcept override { return executor_.workers(); }
  // Throws Stopped where a task has not begun when `stopping` is set.
  void run(std::size_t tasks, const Task& task) override {
    executor_.run(tasks, [&](std::size_t i, unsigned worker) {
      if (stopped()) throw Stopped{};
      task(i, worker);
    });
  }

 private:
  const std::atomic<bool>& stopping_;
  Executor& executor_;
};

}  // namespace rattan
