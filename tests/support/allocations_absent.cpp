// Where something else has replaced operator new already, as clang's ThreadSanitizer has: nothing is counted.
#include "tests/support/allocations.h"

namespace rattan::test {

std::size_t thread_allocations() noexcept { return 0; }
std::size_t all_allocations() noexcept { return 0; }

}  // namespace rattan::test
