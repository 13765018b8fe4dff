#include "context/head_prefix.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/context/synthetic_head.h"

namespace rattan::test {
namespace {

TEST(HeadPrefix, IndexesWhatIsNeitherSinkNorRecent) {
  ContextParams params;
  params.sinks = 10;
  params.recent = 20;
  EXPECT_EQ(indexed_rows(100, params), (IdRange{10, 80}));
  EXPECT_EQ(indexed_rows(30, params), (IdRange{10, 10}));
  EXPECT_EQ(indexed_rows(15, params), (IdRange{10, 10}));
  EXPECT_EQ(indexed_rows(5, params), (IdRange{5, 5}));
  EXPECT_EQ(indexed_rows(0, params), (IdRange{0, 0}));
}

TEST(HeadPrefix, ScalesByTheKeysDimUnlessToldOtherwise) {
  ContextParams params;
  EXPECT_DOUBLE_EQ(softmax_scale(params, 64), 0.125);
  params.softmax_scale = 0.3;
  EXPECT_DOUBLE_EQ(softmax_scale(params, 64), 0.3);
}

TEST(HeadPrefix, BorrowsKeysAndClustersTheIndexed) {
  const SyntheticHead head(HeadKind::graph, 500);
  const HeadPrefix& prefix = *head.prefix;
  EXPECT_EQ(prefix.rows(), 500U);
  EXPECT_EQ(prefix.sinks, 8U);
  EXPECT_EQ(prefix.indexed(), 460U);
  EXPECT_EQ(prefix.index->keys().data, head.keys.view.row(8));
  EXPECT_EQ(prefix.values.view.data, head.values.view.data);
  EXPECT_EQ(prefix.clusters.ids(), (IdRange{0, 460}));
  EXPECT_EQ(prefix.clusters.clusters(), 16U);
  const auto has = [&](const char* stage) {
    return std::any_of(head.stats.stages.begin(), head.stats.stages.end(),
                       [&](const auto& s) { return s.first == stage; });
  };
  EXPECT_TRUE(has("clusters"));
}

TEST(HeadPrefix, FlatHeadsAndHeadsThatAskForNoneHaveNoClusters) {
  EXPECT_EQ(SyntheticHead(HeadKind::flat, 500).prefix->clusters.clusters(), 0U);
  ContextParams params = head_params(HeadKind::scan4);
  params.clusters = 0;
  EXPECT_EQ(SyntheticHead(params, 500).prefix->clusters.clusters(), 0U);
}

TEST(HeadPrefix, MayBeShorterThanTheWindow) {
  for (const std::size_t prefill : {0U, 5U, 8U, 30U, 40U}) {
    const SyntheticHead head(HeadKind::graph, prefill);
    EXPECT_EQ(head.prefix->indexed(), 0U);
    EXPECT_EQ(head.prefix->rows(), prefill);
  }
}

}  // namespace
}  // namespace rattan::test
