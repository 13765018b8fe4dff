// DecodeStats that any number of threads add to.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "rattan/context.h"

namespace rattan {

// Shares are summed up in units of 2^-32: what the sum is does not depend on the order.
class DecodeCounters {
 public:
  void add(const DecodeStats& cost) noexcept {
    for (std::size_t i = 0; i < members.size(); ++i) {
      sums_[i].fetch_add(cost.*members[i], std::memory_order_relaxed);
    }
    uncertainty_.fetch_add(units(cost.uncertainty), std::memory_order_relaxed);
    keep(largest_uncertainty_, units(cost.largest_uncertainty),
         [](std::uint64_t kept, std::uint64_t found) { return found > kept; });
    if (cost.lowest_recall != 0) {
      keep(lowest_recall_, units(cost.lowest_recall),
           [](std::uint64_t kept, std::uint64_t found) { return kept == 0 || found < kept; });
    }
  }
  DecodeStats read() const noexcept {
    DecodeStats sum;
    for (std::size_t i = 0; i < members.size(); ++i) sum.*members[i] = sums_[i].load(std::memory_order_relaxed);
    sum.lowest_recall = share(lowest_recall_);
    sum.uncertainty = share(uncertainty_);
    sum.largest_uncertainty = share(largest_uncertainty_);
    return sum;
  }
  void reset() noexcept {
    for (auto& sum : sums_) sum.store(0, std::memory_order_relaxed);
    for (auto* const of_shares : {&lowest_recall_, &uncertainty_, &largest_uncertainty_}) {
      of_shares->store(0, std::memory_order_relaxed);
    }
  }

 private:
  using Sum = std::atomic<std::uint64_t>;
  static constexpr double units_of_one = 4294967296.0;
  static constexpr std::array members = {
      &DecodeStats::steps,          &DecodeStats::keys_visible,   &DecodeStats::keys_window,
      &DecodeStats::keys_retrieved, &DecodeStats::keys_scored,    &DecodeStats::values_read,
      &DecodeStats::bytes_read,     &DecodeStats::steps_searched, &DecodeStats::steps_estimated};
  static_assert(sizeof(DecodeStats) == members.size() * sizeof(std::uint64_t) + 3 * sizeof(double));

  static std::uint64_t units(double share) noexcept { return static_cast<std::uint64_t>(share * units_of_one); }
  static double share(const Sum& sum) noexcept {
    return static_cast<double>(sum.load(std::memory_order_relaxed)) / units_of_one;
  }
  template <typename Better>
  static void keep(Sum& sum, std::uint64_t found, const Better& better) noexcept {
    std::uint64_t kept = sum.load(std::memory_order_relaxed);
    while (better(kept, found) && !sum.compare_exchange_weak(kept, found, std::memory_order_relaxed)) {
    }
  }

  std::array<Sum, members.size()> sums_{};
  Sum lowest_recall_{0};
  Sum uncertainty_{0};
  Sum largest_uncertainty_{0};
};

}  // namespace rattan
