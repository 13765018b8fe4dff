#include "bench/measure/run_record.h"

#include <gtest/gtest.h>

#include "simd/kernels.h"

namespace rattan::bench {
namespace {

TEST(Environment, EveryPartIsSaid) {
  const RunRecord run = run_record(3, 7);
  EXPECT_FALSE(run.cpu.empty());
  EXPECT_EQ(run.isa, simd::kernels().name);
  EXPECT_FALSE(run.blas.empty());
  EXPECT_FALSE(run.commit.empty());
  EXPECT_FALSE(run.version.empty());
  EXPECT_TRUE(run.llc_bytes == 0 || run.llc_bytes >= 1U << 18);
  EXPECT_EQ(run.threads, 3U);
  EXPECT_EQ(run.seed, 7U);
}

}  // namespace
}  // namespace rattan::bench
