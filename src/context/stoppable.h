// Work on the calling thread that ends early where nobody wants it any more.
#pragma once

#include <atomic>
#include <cstddef>

#include "rattan/executor.h"

namespace rattan {

// What a Stoppable throws.
struct Stopped {};

class Stoppable final : public Executor {
 public:
  explicit Stoppable(const std::atomic<bool>& stopping) noexcept : stopping_(stopping) {}

  unsigned workers() const noexcept override { return 1; }
  // Throws Stopped before the first task that has not begun when `stopping` is set.
  void run(std::size_t tasks, const Task& task) override {
    for (std::size_t i = 0; i < tasks; ++i) {
      if (stopping_.load(std::memory_order_relaxed)) throw Stopped{};
      task(i, 0);
    }
  }

 private:
  const std::atomic<bool>& stopping_;
};

}  // namespace rattan
