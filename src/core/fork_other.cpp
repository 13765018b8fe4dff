#include "core/fork.h"

namespace rattan {

void ForkAware::watch_forks() {}
void ForkAware::unwatch_forks() noexcept {}

}  // namespace rattan
