#include "scan/aligned_floats.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <new>

// GCC says so by a macro, clang by a feature.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RATTAN_SANITIZED_MEMORY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define RATTAN_SANITIZED_MEMORY 1
#endif
#endif

namespace rattan {
namespace {

TEST(AlignedFloats, StartOnACacheLineAndOnlyGrow) {
  AlignedFloats floats;
  for (const std::size_t count : {1U, 3U, 1000U}) {
    floats.resize(count);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(floats.data()) % 64, 0U);
    for (std::size_t i = 0; i < count; ++i) floats.data()[i] = 1.0F;
  }
  const float* before = floats.data();
  floats.resize(5);
  EXPECT_EQ(floats.data(), before);
  EXPECT_EQ(floats.data()[999], 1.0F);
}

TEST(AlignedFloats, AFailedGrowthLeavesNothingBehind) {
#ifdef RATTAN_SANITIZED_MEMORY
  GTEST_SKIP() << "a sanitizer's operator new ends the process instead of throwing";
#endif
  AlignedFloats floats;
  floats.resize(10);
  EXPECT_THROW(floats.resize(std::numeric_limits<std::size_t>::max() / 8), std::bad_alloc);
  EXPECT_EQ(floats.data(), nullptr);
  floats.resize(10);
  EXPECT_NE(floats.data(), nullptr);
}

}  // namespace
}  // namespace rattan
