#include "context/head_build.h"

#include <gtest/gtest.h>

#include "core/grown_rows.h"
#include "tests/context/synthetic_head.h"

namespace rattan::test {
namespace {

TEST(HeadBuild, AHeadIsOutgrownByHalf) {
  const ContextParams automatic = head_params(HeadKind::automatic);
  EXPECT_FALSE(outgrown(4095, 0, automatic));
  EXPECT_TRUE(outgrown(4096, 0, automatic));
  EXPECT_TRUE(outgrown(4096, 500, automatic));
  EXPECT_FALSE(outgrown(5999, 4000, automatic));
  EXPECT_TRUE(outgrown(6000, 4000, automatic));
  EXPECT_FALSE(outgrown(3000, 4000, automatic));
  // Who asks for an index gets the first at once.
  const ContextParams graph = head_params(HeadKind::graph);
  EXPECT_FALSE(outgrown(31, 0, graph));
  EXPECT_TRUE(outgrown(32, 0, graph));
  EXPECT_FALSE(outgrown(4095, 32, graph));
  EXPECT_TRUE(outgrown(4096, 32, graph));
  EXPECT_FALSE(outgrown(1U << 20, 0, head_params(HeadKind::flat)));
}

TEST(HeadBuild, WhoAsksForASealHasOutgrownByAQuarter) {
  const ContextParams automatic = head_params(HeadKind::automatic);
  EXPECT_FALSE(outgrown(9999, 8000, automatic, Outgrown::by_quarter));
  EXPECT_TRUE(outgrown(10000, 8000, automatic, Outgrown::by_quarter));
  EXPECT_FALSE(outgrown(4095, 1000, automatic, Outgrown::by_quarter));
}

TEST(HeadBuild, QueriesAreKeptWhereTheyMayBeOfUse) {
  ContextParams params = head_params(HeadKind::graph);
  params.kept_queries = 100;
  EXPECT_EQ(evidence_positions(params), 0U);  // too short to be promoted
  params.capacity = 5000;
  EXPECT_EQ(evidence_positions(params), 100U);
  params.kind = HeadKind::flat;
  EXPECT_EQ(evidence_positions(params), 0U);
}

TEST(HeadBuild, BuildsWhatAPrefillOfTheseTokensWould) {
  for (const HeadKind kind : {HeadKind::scan4, HeadKind::graph}) {
    const SyntheticHead head(kind, 1000);
    const std::vector<MatrixView> queries{head.queries[0].view, head.queries[1].view};
    const MatrixView keys = head.keys.view;
    const MatrixView values = head.values.view;
    GrownRows all_keys(keys.slice(0, 300), 700);
    GrownRows all_values(values.slice(0, 300), 700);
    all_keys.append(keys.slice(300, 700));
    all_values.append(values.slice(300, 700));
    const auto built = build_promoted(all_keys.view(1000), all_values.view(1000), {queries, {}}, head.params, {},
                                      *make_exact_topk_cpu(&serial_executor()));
    EXPECT_EQ(built->indexed(), head.prefix->indexed());
    EXPECT_EQ(built->choice.kind, kind);
    EXPECT_EQ(built->choice.width, head.prefix->choice.width);
    EXPECT_EQ(built->index->memory().parts, head.prefix->index->memory().parts);
    EXPECT_EQ(built->clusters.clusters(), head.prefix->clusters.clusters());
    EXPECT_TRUE(std::ranges::equal(built->clusters.cluster_ids(), head.prefix->clusters.cluster_ids()));
  }
}

}  // namespace
}  // namespace rattan::test
