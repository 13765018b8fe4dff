#include "index/sealed_index.h"

#include <gtest/gtest.h>

#include "core/grown_rows.h"
#include "tests/index/growing_cases.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan {
namespace {

using test::random_matrix;

class SealedKinds : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Kinds, SealedKinds, ::testing::Values("flat", "scan4", "graph"));

// Exact where the widths reach every key: wherever the keys lie, and also where a seal has taken more than the caller
// has counted.
TEST_P(SealedKinds, SearchesKeysThatOthersHold) {
  const SharedMatrix keys = random_matrix(600, 20, 1);
  const SharedMatrix queries = random_matrix(3, 20, 2);
  GrownRows rows(keys.view.slice(0, 250), 350);  // the base's keys lie in both
  rows.append(keys.view.slice(250, 350));
  const SplitRows all = rows.view(600);
  SealedIndex index(test::grown_base(GetParam(), keys, 300), test::growth_params(600));
  index.seal(all, 560, {}, serial_executor());
  EXPECT_EQ(index.base_size(), 300U);
  EXPECT_GE(index.sealed(), 560U - 15U);
  const test::ScratchPointer scratch = SealedIndex::make_scratch();
  for (const std::size_t size : {600U, 500U, 320U}) {
    SearchParams params;
    params.k = 9;
    params.beam_width = 599;
    params.rerank = 599;
    params.candidate_range = {0, static_cast<KeyId>(size)};
    index.search(rows.view(size), queries.view, params, *scratch);
    const NeighborTable truth = test::reference_topk(queries.view, keys.view.slice(0, size), 9);
    for (std::size_t row = 0; row < 3; ++row) {
      const auto found = SealedIndex::results(*scratch, row);
      EXPECT_TRUE(std::ranges::equal(found.ids, truth.ids(row))) << size;
    }
  }
}

TEST_P(SealedKinds, SegmentsAreTakenOffFromTheEnd) {
  const SharedMatrix keys = random_matrix(600, 20, 1);
  SealedIndex index(test::grown_base(GetParam(), keys, 300), test::growth_params(600));
  for (const std::size_t end : {396U, 492U, 588U}) index.seal(keys.view, end, {}, serial_executor());
  index.truncate(590);
  EXPECT_EQ(index.sealed(), 588U);
  index.truncate(500);
  EXPECT_EQ(index.sealed(), 492U);
  index.truncate(200);
  EXPECT_EQ(index.base_size(), 200U);
  EXPECT_EQ(index.sealed(), 200U);
  EXPECT_EQ(index.memory().total(), 0U);
}

TEST(SealedIndex, GraphsWalk) {
  const SharedMatrix keys = random_matrix(100, 20, 1);
  EXPECT_TRUE(SealedIndex(test::grown_base("graph", keys, 100), test::growth_params(100)).walks());
  EXPECT_FALSE(SealedIndex(test::grown_base("scan4", keys, 100), test::growth_params(100)).walks());
}

}  // namespace
}  // namespace rattan
