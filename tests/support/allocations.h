// Counts heap allocations, so that a test can say that something makes none. A test program that links
// rattan_test_allocations has its operator new replaced by one that counts; malloc() called directly is not seen.
#pragma once

#include <cstddef>

namespace rattan::test {

// Calls of operator new so far: of the calling thread, and of all threads.
std::size_t thread_allocations() noexcept;
std::size_t all_allocations() noexcept;

}  // namespace rattan::test
