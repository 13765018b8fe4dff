// Ctrl-C: a measurement ends with what it has.
#pragma once

#include <cstddef>

namespace rattan::bench {

// What stop_if_asked() throws. No std::exception: nothing that handles errors takes it for one.
struct Stopped {};

// While one lives, the first SIGINT or SIGTERM only asks to stop; the next one ends the process as ever. At most one.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
};

bool stop_asked() noexcept;

// Throws Stopped where a signal asked for it. Between two settings, rounds or heads.
void stop_if_asked();

// Whether a loop of timed rounds, of which so many are done, ends with those: a signal asked for it. Throws Stopped
// where none is done.
bool ends_after(std::size_t rounds);

}  // namespace rattan::bench
