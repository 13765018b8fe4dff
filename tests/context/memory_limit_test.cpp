#include "context/memory_limit.h"

#include <gtest/gtest.h>

#include "core/check.h"
#include "index/graph_index.h"
#include "index/scan4_index.h"
#include "tests/context/synthetic_head.h"
#include "tests/context/synthetic_text.h"
#include "tests/support/errors.h"

namespace rattan::test {
namespace {

constexpr std::size_t rows = 540;      // of the prefill: 500 searched, 32 recent
constexpr std::size_t row_bytes = 96;  // of a key and a value
constexpr std::size_t window = 32 * row_bytes;
constexpr Metric metric = Metric::inner_product;

std::size_t clusters_bytes(std::uint32_t clusters) { return KeyClusters::most_bytes(500, clusters, 16, 8, DType::f32); }

class MemoryLimitTest : public testing::Test {
 protected:
  HeadFit fit(HeadKind kind, std::size_t room, bool with_queries = true) {
    params.kind = kind;
    return fit_head(rows, with_queries, shape, params, {4 * room, room, 4});
  }
  void expect_fit(const HeadFit& found, bool with_graph, bool with_codes, std::uint32_t clusters) const {
    EXPECT_EQ(found.links, with_graph);
    EXPECT_EQ(found.index, with_codes);
    EXPECT_EQ(found.remark.empty(), with_graph && with_codes);
    if (!with_codes) return;
    EXPECT_EQ(found.clusters, clusters);
    EXPECT_EQ(found.clusters_remark.empty(), clusters == params.clusters);
  }

  ContextShape shape = two_layers(DType::f32);
  ContextParams params = [] {
    ContextParams some = small_window(HeadKind::automatic, 2048);
    some.seal_after = 0;
    return some;
  }();
  std::size_t graph = window + graph_bytes(500, 16, metric, params.graph);
  std::size_t scan4 = window + scan4_bytes(500, 16, metric);
};

TEST_F(MemoryLimitTest, EveryHeadOfEveryLayerHasAnEqualShare) {
  EXPECT_FALSE(memory_share(shape, params).limited());
  params.memory_limit = 4 * window + 3;
  const MemoryShare share = memory_share(shape, params);
  EXPECT_TRUE(share.limited());
  EXPECT_EQ(share.bytes, window);
  EXPECT_EQ(share.heads, 4U);
  params.memory_limit = 4 * window - 1;
  expect_error(ErrorCode::invalid_argument, message("memory_limit is ", 4 * window - 1),
               [&] { memory_share(shape, params); });
  expect_error(ErrorCode::invalid_argument, message("at least ", 4 * window), [&] { memory_share(shape, params); });
  params.capacity = 31;  // the window is never full
  EXPECT_EQ(memory_share(shape, params).bytes, window - 1);
}

TEST_F(MemoryLimitTest, TheKindGivesWayBeforeClustersDo) {
  expect_fit(fit(HeadKind::automatic, graph + clusters_bytes(16)), true, true, 16);
  expect_fit(fit(HeadKind::automatic, graph + clusters_bytes(16) - 1), false, true, 16);
  expect_fit(fit(HeadKind::automatic, scan4 + clusters_bytes(16)), false, true, 16);
  expect_fit(fit(HeadKind::automatic, scan4 + clusters_bytes(16) - 1), false, true, 8);
  expect_fit(fit(HeadKind::automatic, scan4 + clusters_bytes(2)), false, true, 2);
  expect_fit(fit(HeadKind::automatic, scan4), false, true, 0);
  expect_fit(fit(HeadKind::automatic, scan4 - 1), false, false, 0);
  expect_fit(fit(HeadKind::automatic, scan4 + clusters_bytes(16), false), true, true, 16);  // none was wanted
  const HeadFit flat = fit(HeadKind::automatic, scan4 - 1);
  EXPECT_NE(flat.remark.find(message(scan4 - 1)), std::string::npos) << flat.remark;
  EXPECT_NE(flat.remark.find(message(scan4, " bytes")), std::string::npos) << flat.remark;
}

TEST_F(MemoryLimitTest, AKindThatWasAskedForStaysOrIsRefused) {
  expect_fit(fit(HeadKind::graph, graph + clusters_bytes(16)), true, true, 16);
  expect_fit(fit(HeadKind::graph, graph + clusters_bytes(4)), true, true, 4);
  expect_fit(fit(HeadKind::graph, graph), true, true, 0);
  expect_error(ErrorCode::no_memory, message("memory_limit is ", 4 * (graph - 1)),
               [&] { fit(HeadKind::graph, graph - 1); });
  expect_error(ErrorCode::no_memory, message("needed are ", graph), [&] { fit(HeadKind::graph, graph - 1); });
  expect_fit(fit(HeadKind::graph, scan4, false), true, true, 0);  // without queries it is scan4
  expect_fit(fit(HeadKind::scan4, scan4), true, true, 0);
  expect_error(ErrorCode::no_memory, "scan4 of 500 keys", [&] { fit(HeadKind::scan4, scan4 - 1); });
  expect_fit(fit(HeadKind::flat, window), true, true, 16);
}

TEST_F(MemoryLimitTest, RoomIsLeftForTokensUntilTheFirstSeal) {
  params.seal_after = 100;
  expect_fit(fit(HeadKind::scan4, scan4 + 100 * row_bytes), true, true, 0);
  expect_error(ErrorCode::no_memory, "room for 100 more", [&] { fit(HeadKind::scan4, scan4 + 100 * row_bytes - 1); });
  params.capacity = rows + 10;
  expect_fit(fit(HeadKind::scan4, scan4 + 10 * row_bytes), true, true, 0);
  params.capacity = rows;
  expect_fit(fit(HeadKind::scan4, scan4), true, true, 0);
}

TEST_F(MemoryLimitTest, WithoutALimitOrKeysToSearchNothingChanges) {
  expect_fit(fit_head(rows, true, shape, params, {}), true, true, 16);
  expect_fit(fit_head(40, true, shape, params, {1, 0, 4}), true, true, 16);
}

TEST_F(MemoryLimitTest, PlansAndChoicesSayWhatTheyCouldNotBe) {
  HeadPlan plan;
  plan.wants_links = true;
  apply_fit(HeadFit{}, plan);
  EXPECT_TRUE(plan.wants_links);
  const HeadFit codes = fit(HeadKind::automatic, scan4 + clusters_bytes(4));
  apply_fit(codes, plan);
  EXPECT_FALSE(plan.wants_links);
  EXPECT_EQ(plan.remark, codes.remark);
  plan.remark = "of its own";
  apply_fit(codes, plan);
  EXPECT_EQ(plan.remark, "of its own");  // a graph was not wanted anyway
  EXPECT_EQ(fitted_params(params, codes).kind, HeadKind::automatic);
  EXPECT_EQ(fitted_params(params, codes).clusters, 4U);
  HeadChoice choice;
  choice.reason = "measured";
  apply_fit(codes, choice);
  EXPECT_EQ(choice.reason, "measured");  // flat: it has no clusters
  choice.kind = HeadKind::scan4;
  apply_fit(codes, choice);
  EXPECT_EQ(choice.reason, "measured; " + codes.clusters_remark);
  const HeadFit flat = fit(HeadKind::automatic, window);
  EXPECT_EQ(fitted_params(params, flat).kind, HeadKind::flat);
  apply_fit(flat, plan);
  EXPECT_EQ(plan.remark, flat.remark);
}

TEST_F(MemoryLimitTest, SizesAreThoseOfWhatIsBuilt) {
  for (const HeadKind kind : {HeadKind::scan4, HeadKind::graph}) {
    const SyntheticHead head(kind, rows);
    const std::size_t held = (kind == HeadKind::graph ? graph : scan4) + head.prefix->clusters.bytes();
    EXPECT_LE(head.prefix->clusters.bytes(), clusters_bytes(16));
    check_prefix_fits(*head.prefix, {}, "file");
    check_prefix_fits(*head.prefix, {4 * held, held, 4}, "file");
    expect_error(ErrorCode::no_memory, "file", [&] { check_prefix_fits(*head.prefix, {held, held - 1, 4}, "file"); });
  }
}

}  // namespace
}  // namespace rattan::test
