// Seconds per build stage.
#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "rattan/results.h"

namespace rattan {

// Each stage lasts from the one before (or from construction) to its own call. A null `stats` is allowed.
class BuildTimer {
 public:
  explicit BuildTimer(BuildStats* stats) : stats_(stats) {}

  void stage(std::string name) {
    const auto now = Clock::now();
    if (stats_ != nullptr) {
      stats_->stages.emplace_back(std::move(name), std::chrono::duration<double>(now - last_).count());
    }
    last_ = now;
  }

 private:
  using Clock = std::chrono::steady_clock;

  BuildStats* stats_;
  Clock::time_point last_ = Clock::now();
};

}  // namespace rattan
