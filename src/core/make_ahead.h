// Two stages over items in order, the first of which may run one item ahead of the second.
#pragma once

#include <chrono>
#include <cstddef>
#include <future>
#include <utility>

namespace rattan {

// For every i below count, in order: made = make(i, spent), then take(i, made, waited_s).
// ahead: make(i + 1) runs on a thread of its own beside take(i). False: one after the other on the calling thread.
// spent: a T that take has left, whose memory may be used again, or a new one; at most two exist, one if not ahead.
// waited_s: seconds that the calling thread has waited for make(i).
// What either throws is thrown, after a make that still runs has ended.
template <typename T, typename Make, typename Take>
void make_ahead(std::size_t count, bool ahead, const Make& make, const Take& take) {
  using Clock = std::chrono::steady_clock;
  const auto seconds_since = [](Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  T spent{};
  // A future of std::async waits for its thread where an exception leaves it behind. Where no thread can be started it
  // is made when it is asked for.
  const auto start = [&](std::size_t i) {
    return std::async(std::launch::async | std::launch::deferred,
                      [&make, i, old = std::exchange(spent, T{})]() mutable { return make(i, std::move(old)); });
  };
  std::future<T> next;
  if (ahead && count != 0) next = start(0);
  for (std::size_t i = 0; i < count; ++i) {
    const auto began = Clock::now();
    T made = ahead ? next.get() : make(i, std::exchange(spent, T{}));
    const double waited_s = seconds_since(began);
    if (ahead && i + 1 < count) next = start(i + 1);
    take(i, made, waited_s);
    spent = std::move(made);
  }
}

}  // namespace rattan
