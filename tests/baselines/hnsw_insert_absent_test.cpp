// Linked with the stand-in alone.
#include "baselines/hnsw_insert.h"

#include <gtest/gtest.h>

#include "tests/support/errors.h"

namespace rattan {
namespace {

TEST(HnswInsertAbsent, SaysWhatIsMissing) {
  EXPECT_FALSE(have_hnswlib);
  struct NoDistance final : detail::KeyDistance {
    float between(KeyId, KeyId) const override { return 0; }
  };
  test::expect_error(ErrorCode::unsupported, "libhnswlib-dev",
                     [] { insert_keys({}, NoDistance{}, HnswBuildParams{}); });
}

}  // namespace
}  // namespace rattan
