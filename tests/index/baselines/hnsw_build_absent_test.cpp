// Linked with the stand-in alone.
#include "index/baselines/hnsw_build.h"

#include <gtest/gtest.h>

#include "tests/support/errors.h"

namespace rattan {
namespace {

TEST(HnswBuildAbsent, SaysWhatIsMissing) {
  EXPECT_FALSE(have_hnswlib);
  test::expect_error(ErrorCode::unsupported, "libhnswlib-dev",
                     [] { build_hnsw_layers(MatrixView{}, Metric::inner_product, HnswBuildParams{}); });
}

}  // namespace
}  // namespace rattan
