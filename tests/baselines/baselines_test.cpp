#include "rattan/baselines.h"

#include <gtest/gtest.h>

#include "baselines/hnsw_insert.h"
#include "baselines/ivf_train.h"
#include "tests/support/errors.h"
#include "tests/support/files.h"
#include "tests/support/matrices.h"

namespace rattan {
namespace {

TEST(Baselines, AvailableOnesAreBuiltAndOthersSayWhatIsMissing) {
  std::vector<std::string> expected;
  if (have_hnswlib) expected.emplace_back("hnsw");
  if (have_faiss) expected.emplace_back("ivf");
  EXPECT_EQ(available_baselines(), expected);

  const SharedMatrix keys = test::random_matrix(50, 8, 1);
  if (have_hnswlib) {
    EXPECT_EQ(build_hnsw(keys)->kind(), "hnsw");
  } else {
    test::expect_error(ErrorCode::unsupported, "hnswlib", [&] { build_hnsw(keys); });
  }
  if (have_faiss) {
    EXPECT_EQ(build_ivf(keys)->kind(), "ivf");
  } else {
    test::expect_error(ErrorCode::unsupported, "FAISS", [&] { build_ivf(keys); });
  }
}

TEST(Baselines, AreNoKindsThatTheLibraryMakesByItself) {
  for (const std::string& kind : available_kinds()) {
    for (const std::string& baseline : available_baselines()) EXPECT_NE(kind, baseline);
  }
}

}  // namespace
}  // namespace rattan
