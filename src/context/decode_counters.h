// DecodeStats that any number of threads add to.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "rattan/context.h"

namespace rattan {

class DecodeCounters {
 public:
  void add(const DecodeStats& cost) noexcept {
    for (std::size_t i = 0; i < members.size(); ++i) {
      sums_[i].fetch_add(cost.*members[i], std::memory_order_relaxed);
    }
  }
  DecodeStats read() const noexcept {
    DecodeStats sum;
    for (std::size_t i = 0; i < members.size(); ++i) sum.*members[i] = sums_[i].load(std::memory_order_relaxed);
    return sum;
  }
  void reset() noexcept {
    for (auto& sum : sums_) sum.store(0, std::memory_order_relaxed);
  }

 private:
  static constexpr std::array members = {
      &DecodeStats::steps,       &DecodeStats::keys_visible, &DecodeStats::keys_window, &DecodeStats::keys_retrieved,
      &DecodeStats::keys_scored, &DecodeStats::values_read,  &DecodeStats::bytes_read};
  static_assert(sizeof(DecodeStats) == members.size() * sizeof(std::uint64_t));

  std::array<std::atomic<std::uint64_t>, members.size()> sums_{};
};

}  // namespace rattan
