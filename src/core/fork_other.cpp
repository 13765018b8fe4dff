#include "core/fork.h"

namespace rattan {

void ForkAware::watch_forks() {}
void ForkAware::unwatch_forks() noexcept {}

ForkSafeMutex::ForkSafeMutex() = default;
void ForkSafeMutex::lock() { mutex_.lock(); }
void ForkSafeMutex::unlock() noexcept { mutex_.unlock(); }

}  // namespace rattan
