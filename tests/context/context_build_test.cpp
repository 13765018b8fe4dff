#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "rattan/context.h"
#include "tests/context/synthetic_text.h"

namespace rattan::test {
namespace {

// Counts what is asked of it.
class CountingExact final : public ExactTopK {
 public:
  NeighborTable find(MatrixView queries, MatrixView keys, std::uint32_t k, Metric metric,
                     const Visibility& visible) const override {
    ++calls;
    rows += queries.rows;
    return exact_->find(queries, keys, k, metric, visible);
  }
  mutable std::size_t calls = 0;
  mutable std::size_t rows = 0;

 private:
  std::unique_ptr<ExactTopK> exact_ = make_exact_topk_cpu(&serial_executor());
};

TEST(ContextBuild, LinksComeFromTheGivenExactSearch) {
  const SyntheticText text(two_layers(DType::f16), 320);
  const CountingExact exact;
  ContextParams params = small_window(HeadKind::graph, 8192);
  params.exact = &exact;
  params.link_queries = 100;
  Context context(text.shape(), params);
  text.build(context, 320);
  EXPECT_EQ(exact.calls, 8U);       // one per layer and query head
  EXPECT_EQ(exact.rows, 8 * 100U);  // every third of the 300 that are not held out
}

TEST(ContextBuild, ReportsEveryHeadWithAReason) {
  const SyntheticText text(two_layers(DType::f16), 320);
  for (const HeadKind kind : {HeadKind::flat, HeadKind::scan4, HeadKind::graph, HeadKind::automatic}) {
    Context context(text.shape(), small_window(kind, 8192));
    EXPECT_TRUE(context.report().empty());
    text.build(context, 320);
    const std::vector<HeadReport> report = context.report();
    ASSERT_EQ(report.size(), 4U);
    EXPECT_EQ(report[2].layer, 1U);
    EXPECT_EQ(report[2].kv_head, 0U);
    for (const HeadReport& head : report) {
      EXPECT_FALSE(head.reason.empty());
      EXPECT_EQ(head.base_tokens, 280U);
      EXPECT_EQ(head.unsealed_tokens, 32U);
    }
    if (kind == HeadKind::graph) {
      EXPECT_EQ(report[0].kind, "graph");
    }
    if (kind == HeadKind::automatic) {
      EXPECT_EQ(report[0].kind, "flat");  // of so few keys
    }
  }
}

TEST(ContextBuild, SumsStagesOfAllHeads) {
  const SyntheticText text(two_layers(DType::f16), 320);
  Context context(text.shape(), small_window(HeadKind::graph, 8192));
  BuildStats stats;
  context.build_layer(0, text.keys(0, 320), text.values(0, 320), text.queries(0, 320), {}, &stats);
  const auto count = [&](const std::string& stage) {
    return std::count_if(stats.stages.begin(), stats.stages.end(), [&](const auto& s) { return s.first == stage; });
  };
  for (const char* stage : {"plan", "links", "clusters"}) EXPECT_EQ(count(stage), 1) << stage;
}

TEST(ContextBuild, WithoutQueriesThereAreNoGraphs) {
  const SyntheticText text(two_layers(DType::f16), 320);
  Context context(text.shape(), small_window(HeadKind::graph, 8192));
  text.build(context, 320, false);
  EXPECT_EQ(context.report().front().kind, "scan4");
}

TEST(ContextBuild, TheKindOfLongTextsIsMeasured) {
  ContextShape shape = two_layers(DType::f16);
  shape.layers = 1;
  shape.kv_heads = 1;
  shape.query_heads = 2;
  const SyntheticText text(shape, 4500);
  ContextParams params = small_window(HeadKind::automatic, 8192);
  params.link_queries = 1000;
  params.budget.k = 10;
  Context context(shape, params);
  text.build(context, 4500);
  const HeadReport head = context.report().front();
  EXPECT_NE(head.reason.find("all keys in"), std::string::npos) << head.reason;
  EXPECT_NE(head.reason.find("scan4"), std::string::npos) << head.reason;
  EXPECT_NE(head.reason.find("no graph"), std::string::npos) << head.reason;
  EXPECT_LE(lse_error(text.decode(context, 0, 4499), text.full(0, 4499, 4500)), 0.2);
}

}  // namespace
}  // namespace rattan::test
