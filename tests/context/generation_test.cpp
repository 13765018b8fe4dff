#include "context/generation.h"

#include <gtest/gtest.h>

#include "tests/context/synthetic_head.h"
#include "tests/support/reference.h"

namespace rattan::test {
namespace {

class GenerationTest : public testing::Test {
 protected:
  // Ids of `head`, whose prefill has 500 tokens: 460 ids of the base.
  static SplitRows by_id(const SharedMatrix& rows) { return SplitRows(rows.view).from(8); }
  void seal(Generation& generation, const SyntheticHead& head, std::size_t count) {
    generation.seal(by_id(head.keys), by_id(head.values), count, {}, serial_executor());
  }
};

TEST_F(GenerationTest, SearchesWhatIsIndexedAndClustered) {
  for (const HeadKind kind : {HeadKind::flat, HeadKind::scan4, HeadKind::graph}) {
    const SyntheticHead head(kind, 500);
    const bool flat = kind == HeadKind::flat;
    Generation generation(head.prefix, head.params);
    EXPECT_EQ(generation.choice().kind, kind);
    EXPECT_EQ(generation.searched_end(), flat ? 0U : 460U);
    if (flat) continue;
    const std::size_t before = generation.bytes();
    const std::size_t most = generation.segment_bytes(96);
    seal(generation, head, 96);
    EXPECT_EQ(generation.searched_end(), 556U);
    EXPECT_GT(generation.bytes(), before);
    EXPECT_LE(generation.bytes(), before + most);
    EXPECT_EQ(generation.memory().total(), generation.bytes());
    // As a reader sees it that counted its tokens before: whole clusters alone.
    EXPECT_EQ(generation.searched(560), 556U);
    EXPECT_EQ(generation.searched(555), 460U);
    EXPECT_EQ(generation.searched(400), 0U);
    EXPECT_EQ(generation.clusters(560).size(), 2U);
    EXPECT_EQ(generation.clusters(555).size(), 1U);
  }
}

// What is searched stays; three segments less, and as many blocks of clusters.
TEST_F(GenerationTest, FourSegmentsBecomeOne) {
  for (const HeadKind kind : {HeadKind::scan4, HeadKind::graph}) {
    const SyntheticHead head(kind, 500);
    Generation generation(head.prefix, head.params);
    for (int i = 0; i < 4; ++i) {
      EXPECT_FALSE(generation.merges());
      seal(generation, head, 96);
    }
    EXPECT_TRUE(generation.merges());
    EXPECT_EQ(generation.index().merge_begin(), 460U);
    const Generation before = generation;
    generation.merge(by_id(head.keys), by_id(head.values), head.queries[0].view.slice(468, 384), serial_executor());
    EXPECT_FALSE(generation.merges());
    EXPECT_EQ(generation.searched_end(), 844U);
    EXPECT_EQ(generation.index().sealed(), 844U);
    ASSERT_EQ(generation.clusters(844).size(), 2U);
    EXPECT_EQ(generation.clusters(844)[1]->ids().begin, 460U);
    // Fewer clusters, which have a covariance of their own.
    const MatrixView covariance = generation.clusters(844)[1]->covariance();
    EXPECT_LE(generation.bytes(), before.bytes() + covariance.rows * covariance.row_bytes());
    // One graph has fewer entry points than four.
    if (kind == HeadKind::graph) {
      EXPECT_LT(generation.index().sealed_bytes(), before.index().sealed_bytes());
    }
    EXPECT_EQ(before.clusters(844).size(), 5U);  // as its readers know it
    const auto scratch = SealedIndex::make_scratch();
    const NeighborTable truth = reference_topk(head.queries[1].view.slice(900, 2), head.keys.view.slice(8, 844), 9);
    SearchParams params;
    params.k = 9;
    params.beam_width = params.rerank = 844;
    params.candidate_range = {0, 844};
    generation.index().search(by_id(head.keys), head.queries[1].view.slice(900, 2), params, *scratch);
    for (std::size_t row = 0; row < 2; ++row) {
      EXPECT_TRUE(std::ranges::equal(SealedIndex::results(*scratch, row).ids, truth.ids(row)));
    }
  }
}

TEST_F(GenerationTest, GraphsWithoutQueriesStayAsTheyAre) {
  const SyntheticHead head(HeadKind::graph, 500);
  Generation generation(head.prefix, head.params);
  for (int i = 0; i < 4; ++i) seal(generation, head, 96);
  const std::size_t bytes = generation.index().sealed_bytes();
  generation.merge(by_id(head.keys), by_id(head.values), head.queries[0].view.slice(0, 23), serial_executor());
  EXPECT_EQ(generation.index().sealed_bytes(), bytes);
  EXPECT_EQ(generation.clusters(844).size(), 2U);
}

TEST_F(GenerationTest, WithoutClustersSegmentsAreSearched) {
  ContextParams params = head_params(HeadKind::graph);
  params.clusters = 0;
  const SyntheticHead head(params, 500);
  Generation generation(head.prefix, params);
  seal(generation, head, 100);
  EXPECT_EQ(generation.searched_end(), 560U);
  EXPECT_EQ(generation.searched(500), 500U);
  EXPECT_TRUE(generation.clusters(560).empty());
  EXPECT_EQ(generation.cluster_bytes(), 0U);
}

TEST_F(GenerationTest, ClustersOfTheWindowAreCut) {
  const SyntheticHead head(HeadKind::graph, 500);
  Generation generation(head.prefix, head.params);
  seal(generation, head, 100);
  seal(generation, head, 100);
  generation.truncate(650, 618, by_id(head.keys), by_id(head.values));
  EXPECT_EQ(generation.searched_end(), 560U);
  generation.truncate(470, 438, by_id(head.keys), by_id(head.values));
  EXPECT_EQ(generation.searched_end(), 438U);
  EXPECT_EQ(generation.index().sealed(), 460U);
  generation.truncate(400, 368, by_id(head.keys), by_id(head.values));
  EXPECT_EQ(generation.searched_end(), 368U);
  EXPECT_EQ(generation.index().base_size(), 400U);
}

// Found by fuzzing: the base's clusters went with those of the segments.
TEST_F(GenerationTest, SegmentsMergeBehindABaseOfWhichNothingIsLeft) {
  const SyntheticHead head(HeadKind::scan4, 500);
  Generation generation(head.prefix, head.params);
  generation.truncate(0, 0, by_id(head.keys), by_id(head.values));
  for (int i = 0; i < 4; ++i) seal(generation, head, 96);
  ASSERT_TRUE(generation.merges());
  generation.merge(by_id(head.keys), by_id(head.values), {}, serial_executor());
  EXPECT_EQ(generation.searched_end(), 384U);
  ASSERT_EQ(generation.clusters(384).size(), 2U);
  EXPECT_EQ(generation.clusters(384)[1]->ids(), (IdRange{0, 384}));
}

}  // namespace
}  // namespace rattan::test
