#include "context/generation.h"

#include <gtest/gtest.h>

#include "tests/context/synthetic_head.h"

namespace rattan::test {
namespace {

class GenerationTest : public testing::Test {
 protected:
  // Ids of `head`, whose prefill has 500 tokens: 460 ids of the base.
  static SplitRows by_id(const SharedMatrix& rows) { return SplitRows(rows.view).from(8); }
  void seal(Generation& generation, const SyntheticHead& head, std::size_t count) {
    generation.seal(by_id(head.keys), by_id(head.values), count, recent, serial_executor());
  }

  RecentQueries recent{16, 0};
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

}  // namespace
}  // namespace rattan::test
