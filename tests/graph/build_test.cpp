#include "graph/build.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "graph/audit.h"
#include "tests/graph/cases.h"
#include "tests/support/errors.h"
#include "tests/support/matrices.h"

namespace rattan {
namespace {

using test::expect_error;
using test::link_table;

GraphBuildParams params_of(std::uint32_t max_degree, Executor* executor = &serial_executor()) {
  GraphBuildParams params;
  params.max_degree = max_degree;
  params.executor = executor;
  return params;
}

Graph built(const test::GraphCase& c, const GraphBuildParams& params, BuildStats* stats = nullptr) {
  return build_graph_edges(c.keys.view, c.links, params, stats);
}

TEST(Build, MakesAWholeGraphOfEveryCase) {
  for (const std::uint32_t max_degree : {2U, 3U, 8U, 16U}) {
    for (const test::GraphCase& c : test::graph_cases(500)) {
      SCOPED_TRACE(testing::Message() << c.name << ", degree " << max_degree);
      BuildStats stats;
      const Graph graph = built(c, params_of(max_degree), &stats);
      EXPECT_EQ(graph.keys(), 500U);
      EXPECT_EQ(graph.entry_points.size(), 64U);
      test::expect_well_formed(test::edges_of(graph), max_degree);
      EXPECT_EQ(stats.unreachable, 0U);
      EXPECT_EQ(audit(graph).unreachable, 0U);
    }
  }
}

TEST(Build, IsTheSameForAnyNumberOfThreads) {
  const std::vector<test::GraphCase> cases = test::graph_cases(2500);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Graph alone = built(cases[i], params_of(6));
    const std::vector<unsigned> all = {1, 2, 3, 4, 8, 16};
    const std::vector<unsigned> some = {2, 16};
    for (const unsigned threads : i < 2 ? all : some) {
      const auto executor = make_openmp_executor(threads);
      ASSERT_EQ(built(cases[i], params_of(6, executor.get())), alone) << cases[i].name << ", " << threads;
    }
  }
}

TEST(Build, TheSeedDecides) {
  const test::GraphCase c = test::graph_cases(500).front();
  GraphBuildParams params = params_of(4);
  const Graph first = built(c, params);
  EXPECT_EQ(built(c, params), first);
  params.seed = 2;
  EXPECT_NE(built(c, params), first);
}

TEST(Build, TheSameKeysInAnotherFormGiveTheSameGraph) {
  for (const DType dtype : test::all_dtypes) {
    const SharedMatrix strided = test::random_matrix(400, 9, 3, dtype, 12);
    const SharedMatrix odd = test::at_offset(strided.view, 1);
    std::vector<float> wide;
    for (std::size_t row = 0; row < 400; ++row) {
      for (const double value : test::row_values(strided.view, row)) wide.push_back(static_cast<float>(value));
    }
    const SharedMatrix floats = test::make_matrix(wide, 400, 9);
    const std::vector<NeighborTable> links = {link_table(test::random_lists(600, 10, 400, 4))};
    const Graph graph = build_graph_edges(floats.view, links, params_of(5), nullptr);
    EXPECT_EQ(build_graph_edges(strided.view, links, params_of(5), nullptr), graph) << to_string(dtype);
    EXPECT_EQ(build_graph_edges(odd.view, links, params_of(5), nullptr), graph) << to_string(dtype);
  }
}

TEST(Build, OversamplingPrunesByUse) {
  const test::GraphCase c = test::graph_cases(500).front();
  GraphBuildParams params = params_of(4);
  params.oversampling = 1;
  const Graph once = built(c, params);
  params.oversampling = 16;
  const Graph pruned = built(c, params);
  EXPECT_NE(pruned, once);
  test::expect_well_formed(test::edges_of(pruned), 4);
}

TEST(Build, StagesAreTimedInOrder) {
  BuildStats stats;
  built(test::graph_cases(100).front(), params_of(4), &stats);
  std::vector<std::string> names;
  for (const auto& [name, seconds] : stats.stages) {
    names.push_back(name);
    EXPECT_GE(seconds, 0.0);
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"lists", "geometry", "project", "prune", "entry_points", "fill", "connect"}));
}

TEST(Build, FreeSlotsAreFilledUnlessThatIsSwitchedOff) {
  const auto c = test::graph_cases(100).front();
  GraphBuildParams params = params_of(8);
  params.fill_nearest = false;
  const Graph links = built(c, params);
  params.fill_nearest = true;
  BuildStats stats;
  const Graph filled = built(c, params, &stats);
  EXPECT_EQ(stats.stages[stats.stages.size() - 2].first, "fill");
  test::expect_well_formed(test::edges_of(filled), 8);
  for (std::size_t i = 0; i < links.keys(); ++i) {
    const auto key = static_cast<KeyId>(i);
    const auto kept = links.neighbors(key);
    ASSERT_EQ(filled.neighbors(key).size(), 8U);
    EXPECT_TRUE(std::ranges::equal(filled.neighbors(key).first(kept.size()), kept));
  }
}

// FAULTS C3, C4.
TEST(Build, FewKeysMakeAGraph) {
  const Graph none = build_graph_edges(MatrixView(nullptr, DType::f32, 0, 4), {}, params_of(4), nullptr);
  EXPECT_EQ(none.keys(), 0U);
  EXPECT_TRUE(none.entry_points.empty());

  const SharedMatrix keys = test::random_matrix(3, 4, 5);
  const Graph one = build_graph_edges(keys.view.slice(0, 1), {}, params_of(4), nullptr);
  EXPECT_EQ(one.keys(), 1U);
  EXPECT_EQ(one.entry_points, (std::vector<KeyId>{0}));
  EXPECT_TRUE(one.neighbors(0).empty());

  const std::vector<NeighborTable> links = {link_table({{1, 0}})};
  const Graph two = build_graph_edges(keys.view.slice(0, 2), links, params_of(4), nullptr);
  EXPECT_EQ(test::edges_of(two), (test::KeyLists{{1}, {0}}));

  GraphBuildParams params = params_of(2);
  params.entry_points = 1;
  const std::vector<NeighborTable> lone = {link_table({{2}})};
  const Graph three = build_graph_edges(keys.view, lone, params, nullptr);
  EXPECT_EQ(three.entry_points, (std::vector<KeyId>{2}));
  EXPECT_EQ(audit(three).unreachable, 0U);
}

TEST(Build, LinksThatCannotBeAreNamed) {
  const SharedMatrix keys = test::random_matrix(10, 4, 6);
  const auto build = [&](const std::vector<NeighborTable>& links) {
    build_graph_edges(keys.view, links, params_of(4), nullptr);
  };
  expect_error(ErrorCode::invalid_argument, "links table 1 row 0 holds key 10", [&] {
    build({link_table({{1, 2}}), link_table({{10}})});
  });
  expect_error(ErrorCode::invalid_argument, "holds key 3 twice", [&] { build({link_table({{3, 3}})}); });
  expect_error(ErrorCode::invalid_argument, "links has 0 tables", [&] { build({}); });
  expect_error(ErrorCode::invalid_argument, "without a single link", [&] { build({NeighborTable(5, 3)}); });
}

// FAULTS A18.
TEST(Build, ParametersOutsideTheirRangeAreNamed) {
  const test::GraphCase c = test::graph_cases(64).front();
  const auto with = [](auto field, std::uint32_t value) {
    GraphBuildParams params;
    params.*field = value;
    return params;
  };
  for (const std::uint32_t degree : {0U, 1U, 1025U, no_key}) {
    expect_error(ErrorCode::invalid_argument, "max_degree",
                 [&] { built(c, with(&GraphBuildParams::max_degree, degree)); });
  }
  for (const std::uint32_t oversampling : {0U, 17U}) {
    expect_error(ErrorCode::invalid_argument, "oversampling",
                 [&] { built(c, with(&GraphBuildParams::oversampling, oversampling)); });
  }
  for (const std::uint32_t count : {0U, 4097U}) {
    expect_error(ErrorCode::invalid_argument, "entry_points",
                 [&] { built(c, with(&GraphBuildParams::entry_points, count)); });
  }
  EXPECT_EQ(audit(built(c, with(&GraphBuildParams::max_degree, 1024))).unreachable, 0U);
}

}  // namespace
}  // namespace rattan
