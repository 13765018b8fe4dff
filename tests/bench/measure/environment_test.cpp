#include "bench/measure/environment.h"

#include <gtest/gtest.h>

#include "simd/kernels.h"

namespace rattan::bench {
namespace {

TEST(Environment, EveryPartIsSaid) {
  EXPECT_FALSE(environment().cpu.empty());
  EXPECT_EQ(environment().isa, simd::kernels().name);
  EXPECT_FALSE(environment().blas.empty());
  EXPECT_FALSE(environment().commit.empty());
  EXPECT_TRUE(environment().llc_bytes == 0 || environment().llc_bytes >= 1U << 18);
}

}  // namespace
}  // namespace rattan::bench
