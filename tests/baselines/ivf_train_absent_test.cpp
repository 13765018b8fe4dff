// Linked with the stand-in alone.
#include "baselines/ivf_train.h"

#include <gtest/gtest.h>

#include "tests/support/errors.h"

namespace rattan {
namespace {

struct NoTopK final : ExactTopK {
  NeighborTable find(MatrixView, MatrixView, std::uint32_t, Metric, const Visibility&) const override { return {}; }
};

TEST(IvfTrainAbsent, SaysWhatIsMissing) {
  EXPECT_FALSE(have_faiss);
  const float sample[2] = {1, 2};
  test::expect_error(ErrorCode::unsupported, "libfaiss-dev",
                     [&] { train_centroids(sample, 2, 1, 1, IvfBuildParams{}, NoTopK{}); });
}

}  // namespace
}  // namespace rattan
