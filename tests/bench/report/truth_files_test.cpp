#include "bench/report/truth_files.h"

#include <gtest/gtest.h>

#include "datasets/xbin.h"
#include "tests/support/errors.h"
#include "tests/support/files.h"
#include "tests/support/matrices.h"

namespace rattan::bench {
namespace {

TEST(TruthFiles, IdsAndScoresReadBack) {
  NeighborTable table(2, 3);
  table.ids(0)[0] = 7;
  table.scores(0)[0] = 1.5F;
  table.ids(1)[0] = 2;
  table.ids(1)[1] = 9;
  const test::TempDirectory folder;
  write_ids(table, folder / "truth.ibin");
  write_scores(table, folder / "truth.fbin");
  const SharedMatrix scores = datasets::read_fbin(folder / "truth.fbin");
  EXPECT_EQ(scores.view.rows, 2U);
  EXPECT_EQ(scores.view.cols, 3U);
  EXPECT_EQ(test::element(scores.view, 0, 0), 1.5);
  const std::string ids = test::read_file(folder / "truth.ibin");
  ASSERT_EQ(ids.size(), 8 + 6 * 4U);
  EXPECT_EQ(ids[8], 7);
  EXPECT_EQ(ids[12], '\xff') << "no neighbour is -1";
}

TEST(TruthFiles, AMissingFolderIsNamed) {
  test::expect_error(ErrorCode::not_found, "nowhere", [] { write_ids(NeighborTable(1, 1), "/nowhere/truth.ibin"); });
}

}  // namespace
}  // namespace rattan::bench
