#include "core/aligned.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>

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

}  // namespace
}  // namespace rattan
