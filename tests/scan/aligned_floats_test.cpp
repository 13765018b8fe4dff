#include "scan/aligned_floats.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <new>

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
  AlignedFloats floats;
  floats.resize(10);
  EXPECT_THROW(floats.resize(std::numeric_limits<std::size_t>::max() / 8), std::bad_alloc);
  EXPECT_EQ(floats.data(), nullptr);
  floats.resize(10);
  EXPECT_NE(floats.data(), nullptr);
}

}  // namespace
}  // namespace rattan
