// How long a stress test goes on: RATTAN_STRESS_SECONDS, or 2 where that is not set.
#pragma once

#include <chrono>
#include <cstdlib>

namespace rattan::test {

using Clock = std::chrono::steady_clock;

inline Clock::time_point stress_end() {
  const char* asked = std::getenv("RATTAN_STRESS_SECONDS");
  const std::chrono::duration<double> seconds(asked == nullptr ? 2.0 : std::strtod(asked, nullptr));
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(seconds);
}

}  // namespace rattan::test
