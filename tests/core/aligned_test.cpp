#include "core/aligned.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <new>
#include <stdexcept>
#include <utility>

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

TEST(AlignedVector, BeginsACacheLineHoweverItGrew) {
  AlignedVector<std::uint16_t> halves;
  for (std::uint16_t i = 0; i < 1000; ++i) {
    halves.push_back(i);
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(halves.data()) % cache_line, 0U) << i << " elements";
  }
  for (std::uint16_t i = 0; i < 1000; ++i) ASSERT_EQ(halves[i], i);
}

TEST(AlignedVector, LargeMemoryBeginsAHugePage) {
  for (const std::size_t bytes : {std::size_t{1} << 20, std::size_t{2} << 20, (std::size_t{5} << 20) + 3}) {
    const AlignedVector<char> large(bytes, 'x');
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(large.data()) % (2U << 20), 0U);
    EXPECT_EQ(large.back(), 'x');
  }
}

TEST(AlignedVector, MovesAndCopiesLikeAnyVector) {
  AlignedVector<float> first(7, 1.5F);
  const float* const data = first.data();
  const AlignedVector<float> moved = std::move(first);
  EXPECT_EQ(moved.data(), data);
  const AlignedVector<float> copy = moved;
  EXPECT_NE(copy.data(), data);
  EXPECT_EQ(copy, moved);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(copy.data()) % cache_line, 0U);
}

TEST(AlignedVector, ABufferGrowsAndNeverShrinks) {
  AlignedVector<float> floats;
  for (const std::size_t count : {1U, 3U, 1000U}) {
    grow(floats, count);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(floats.data()) % cache_line, 0U);
    for (std::size_t i = 0; i < count; ++i) floats[i] = 1.0F;
  }
  const float* const before = floats.data();
  grow(floats, 5);
  EXPECT_EQ(floats.data(), before);
  EXPECT_EQ(floats[999], 1.0F);
}

TEST(AlignedVector, AFailedGrowthLeavesTheBufferAsItWas) {
#ifdef RATTAN_SANITIZED_MEMORY
  GTEST_SKIP() << "a sanitizer's operator new ends the process instead of throwing";
#endif
  AlignedVector<float> floats;
  grow(floats, 10);
  const float* const before = floats.data();
  EXPECT_THROW(grow(floats, std::numeric_limits<std::size_t>::max() / 8), std::bad_alloc);
  EXPECT_THROW(grow(floats, std::numeric_limits<std::size_t>::max()), std::length_error);
  EXPECT_EQ(floats.data(), before);
  EXPECT_EQ(floats.size(), 10U);
}

}  // namespace
}  // namespace rattan
