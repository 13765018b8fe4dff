#include "graph/walk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "core/random.h"
#include "tests/graph/cases.h"
#include "tests/graph/naive_walk.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan {
namespace {

using test::make_graph;
using test::naive_walk;
using test::random_graph;
using test::random_matrix;
using test::walked;
using test::Walked;

WalkParams beam_of(std::uint32_t width, std::uint32_t expansions = 0) {
  WalkParams params;
  params.beam_width = width;
  params.expansions = expansions;
  return params;
}

NeighborTable table_of(const Walked& walk, std::uint32_t k) {
  NeighborTable table(walk.results.size(), k);
  for (std::size_t row = 0; row < walk.results.size(); ++row) {
    write_row(walk.results[row], table.ids(row), table.scores(row));
  }
  return table;
}

std::set<KeyId> ids_of(const std::vector<Neighbor>& neighbors) {
  std::set<KeyId> ids;
  for (const Neighbor& neighbor : neighbors) ids.insert(neighbor.id);
  return ids;
}

void expect_same(const Walked& found, const Walked& wanted) {
  EXPECT_EQ(found.results, wanted.results);
  EXPECT_EQ(found.stats.keys_scored, wanted.stats.keys_scored);
  EXPECT_EQ(found.stats.nodes_expanded, wanted.stats.nodes_expanded);
  EXPECT_EQ(found.stats.bytes_read, wanted.stats.bytes_read);
  EXPECT_EQ(found.stats.centroids_scored, 0U);
}

// A ring with chords: every key is reachable from key 0.
Graph reachable_graph(std::size_t keys, std::uint64_t seed) {
  test::KeyLists edges = test::edges_of(random_graph(keys, 3, {0}, seed));
  for (std::size_t key = 0; key < keys; ++key) {
    const auto next = static_cast<KeyId>((key + 1) % keys);
    if (std::find(edges[key].begin(), edges[key].end(), next) == edges[key].end()) edges[key].push_back(next);
  }
  return make_graph(edges, {0});
}

TEST(Walk, ABeamOverAllKeysIsExactAndReadsEachOnce) {
  const Graph graph = reachable_graph(300, 1);
  for (const DType dtype : test::all_dtypes) {
    for (const Metric metric : test::all_metrics) {
      SCOPED_TRACE(testing::Message() << to_string(dtype) << " " << to_string(metric));
      const SharedMatrix keys = random_matrix(300, 17, 2, dtype);
      const SharedMatrix queries = random_matrix(3, 17, 3, dtype);
      const Walked found = walked(Scorer(keys.view, metric), graph, queries.view, beam_of(300), 12);
      const NeighborTable truth = test::reference_topk(queries.view, keys.view, 12, metric);
      test::expect_neighbors(table_of(found, 12), truth, queries.view, keys.view, 1e-3, metric);
      EXPECT_EQ(found.stats.keys_scored, 300U);
      EXPECT_EQ(found.stats.nodes_expanded, 300U);
    }
  }
}

// Random graphs with unreachable keys, groups, narrow beams, limits, start keys and candidate ranges.
TEST(Walk, DoesWhatTheNaiveWalkDoes) {
  WalkScratch scratch;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    auto draw = [&, i = std::uint64_t{0}](std::uint64_t bound) mutable { return random_below(seed, i++, bound); };
    const std::size_t n = 1 + draw(200);
    const Graph graph = random_graph(n, 1 + static_cast<std::uint32_t>(draw(6)),
                                     {static_cast<KeyId>(draw(n)), static_cast<KeyId>(draw(n))}, seed);
    const std::vector<KeyId> start_keys = {static_cast<KeyId>(draw(n)), static_cast<KeyId>(draw(n)),
                                           graph.entry_points[0]};
    WalkParams params = beam_of(1 + static_cast<std::uint32_t>(draw(30)), static_cast<std::uint32_t>(draw(12)));
    if (draw(2) == 1) params.start_keys = std::span(start_keys).first(draw(4));
    if (draw(3) == 1) params.candidate_range = {static_cast<KeyId>(n / 4), static_cast<KeyId>(n / 2)};
    // Integers: many scores tie.
    SharedMatrix keys = random_matrix(n, 2, seed, DType::f32);
    for (std::size_t row = 0; row < n; ++row) test::set_element(keys, row, 0, static_cast<float>(draw(4)));
    const SharedMatrix queries = random_matrix(1 + draw(8), 2, seed + 1000);
    if (draw(2) == 1) {
      for (std::size_t row = 0; row < queries.view.rows; ++row) test::set_element(queries, row, 1, 0.0F);
    }
    const auto k = static_cast<std::uint32_t>(draw(20));
    std::vector<float> row_widths(queries.view.rows);
    for (float& factor : row_widths) factor = static_cast<float>(1 + draw(32)) / 16;
    if (draw(3) == 1) params.row_widths = row_widths;
    const Scorer scorer(keys.view, draw(2) == 1 ? Metric::l2 : Metric::inner_product);
    expect_same(walked(scorer, graph, queries.view, params, k, scratch),
                naive_walk(scorer, graph, queries.view, params, k));
    if (HasFailure()) return;
  }
}

TEST(Walk, NeverScoresAKeyTwice) {
  const SharedMatrix keys = random_matrix(500, 8, 4);
  const SharedMatrix queries = random_matrix(4, 8, 5);
  const Graph graph = random_graph(500, 2, {3, 77}, 6);
  for (const std::uint32_t width : {5U, 40U, 500U}) {
    // k = all keys: the results are everything that was scored.
    const Walked found = walked(Scorer(keys.view, Metric::inner_product), graph, queries.view, beam_of(width), 500);
    for (const auto& results : found.results) {
      EXPECT_EQ(results.size(), found.stats.keys_scored);
      EXPECT_EQ(ids_of(results).size(), results.size());
    }
    if (width == 500) {
      EXPECT_EQ(found.stats.keys_scored, 500 - test::naive_unreachable(graph));
    }
  }
}

TEST(Walk, ScoresAreTheScorersOwn) {
  for (const DType dtype : test::all_dtypes) {
    const SharedMatrix keys = random_matrix(400, 33, 7, dtype);
    const SharedMatrix queries = random_matrix(5, 33, 8);
    const Scorer scorer(keys.view, Metric::inner_product);
    const Walked found = walked(scorer, reachable_graph(400, 9), queries.view, beam_of(40), 30);
    PreparedQueries prepared;
    scorer.prepare(queries.view, prepared);
    std::vector<const void*> rows;
    std::vector<float> scores(5 * 400);
    scorer.score(prepared, test::all_ids(400), rows, scores.data(), 400);
    for (std::size_t row = 0; row < 5; ++row) {
      for (const Neighbor& neighbor : found.results[row]) {
        EXPECT_EQ(neighbor.score, scores[row * 400 + neighbor.id]) << to_string(dtype);
      }
    }
  }
}

TEST(Walk, SeedsAreScoredAndCountedLikeAnyKey) {
  // 0 <-> 1 is all that the entry point leads to; scores are the keys' own numbers.
  const SharedMatrix keys = test::make_matrix(std::vector<float>{1, 2, 9, 5, 7}, 5, 1);
  const SharedMatrix query = test::make_matrix(std::vector<float>{1}, 1, 1);
  const Graph graph = make_graph({{1}, {0}, {}, {4}, {}}, {0});
  const Scorer scorer(keys.view, Metric::inner_product);
  EXPECT_EQ(walked(scorer, graph, query.view, beam_of(5), 5).stats.keys_scored, 2U);

  const std::vector<KeyId> start_keys = {3, 0, 3, 1};
  WalkParams params = beam_of(5);
  params.start_keys = start_keys;
  const Walked found = walked(scorer, graph, query.view, params, 5);
  EXPECT_EQ(found.results[0], (std::vector<Neighbor>{{7, 4}, {5, 3}, {2, 1}, {1, 0}}));
  EXPECT_EQ(found.stats.keys_scored, 4U);
  // A poor seed is read but has no place of its own in the results.
  EXPECT_EQ(walked(scorer, graph, query.view, params, 2).results[0], (std::vector<Neighbor>{{7, 4}, {5, 3}}));
}

TEST(Walk, OnlyCandidatesAreReportedAndTheWalkStaysTheSame) {
  const SharedMatrix keys = random_matrix(300, 6, 10);
  const SharedMatrix queries = random_matrix(2, 6, 11);
  const Graph graph = reachable_graph(300, 12);
  const Scorer scorer(keys.view, Metric::inner_product);
  WalkParams params = beam_of(25);
  const Walked all = walked(scorer, graph, queries.view, params, 300);
  for (const IdRange range :
       {IdRange{50, 120}, IdRange{0, 1}, IdRange{299, no_key}, IdRange{10, 10}, IdRange{400, 500}}) {
    params.candidate_range = range;
    Walked wanted = all;
    for (auto& results : wanted.results) {
      std::erase_if(results, [&](const Neighbor& neighbor) { return !range.contains(neighbor.id); });
      if (results.size() > 7) results.resize(7);
    }
    expect_same(walked(scorer, graph, queries.view, params, 7), wanted);
  }
}

TEST(Walk, EqualQueriesFindTheSame) {
  const SharedMatrix keys = random_matrix(400, 6, 13);
  const SharedMatrix one = random_matrix(1, 6, 14);
  SharedMatrix four = random_matrix(4, 6, 14);
  for (std::size_t row = 1; row < 4; ++row) {
    for (std::size_t col = 0; col < 6; ++col) {
      test::set_element(four, row, col, static_cast<float>(test::element(one.view, 0, col)));
    }
  }
  const Graph graph = reachable_graph(400, 15);
  const Scorer scorer(keys.view, Metric::inner_product);
  for (const std::uint32_t width : {10U, 400U}) {
    const Walked group = walked(scorer, graph, four.view, beam_of(width), 10);
    for (const auto& results : group.results) EXPECT_EQ(results, group.results[0]) << width;
    if (width != 400) continue;
    const Walked alone = walked(scorer, graph, one.view, beam_of(width), 10);
    EXPECT_EQ(group.results[0], alone.results[0]);
    EXPECT_EQ(group.stats.keys_scored, alone.stats.keys_scored);
    EXPECT_EQ(group.stats.nodes_expanded, alone.stats.nodes_expanded);
  }
}

// Head 0 is done after one expansion, head 1 climbs a chain of 50 keys.
TEST(Walk, AHeadThatIsDoneDoesNotStopTheOthers) {
  std::vector<float> values = {1, 0};
  test::KeyLists edges(51);
  for (KeyId key = 1; key <= 50; ++key) {
    values.insert(values.end(), {0, static_cast<float>(key)});
    if (key < 50) edges[key].push_back(key + 1);
  }
  const SharedMatrix keys = test::make_matrix(values, 51, 2);
  const SharedMatrix queries = test::make_matrix(std::vector<float>{1, 0, 0, 1}, 2, 2);
  const Walked found =
      walked(Scorer(keys.view, Metric::inner_product), make_graph(edges, {0, 1}), queries.view, beam_of(1), 1);
  EXPECT_EQ(found.results[0], (std::vector<Neighbor>{{1, 0}}));
  EXPECT_EQ(found.results[1], (std::vector<Neighbor>{{50, 50}}));
  EXPECT_EQ(found.stats.nodes_expanded, 51U);
}

TEST(Walk, ExpansionsAreLimitedPerHead) {
  const SharedMatrix keys = random_matrix(500, 6, 16);
  const SharedMatrix queries = random_matrix(8, 6, 17);
  const Graph graph = reachable_graph(500, 18);
  const Scorer scorer(keys.view, Metric::inner_product);
  for (const std::uint32_t expansions : {1U, 2U, 10U}) {
    for (const std::size_t heads : {1U, 3U, 8U}) {
      const Walked found = walked(scorer, graph, queries.view.slice(0, heads), beam_of(50, expansions), 5);
      EXPECT_LE(found.stats.nodes_expanded, heads * expansions);
      EXPECT_GE(found.stats.nodes_expanded, expansions);
    }
  }
  const Walked first = walked(scorer, graph, queries.view.slice(0, 1), beam_of(50, 1), 5);
  EXPECT_EQ(first.stats.keys_scored, 1 + graph.neighbors(0).size());
  EXPECT_EQ(first.stats.bytes_read, first.stats.keys_scored * 24 + graph.neighbors(0).size() * 4);
  expect_same(walked(scorer, graph, queries.view, beam_of(20, 100000), 5),
              walked(scorer, graph, queries.view, beam_of(20), 5));
}

TEST(Walk, AScratchRemembersNothing) {
  const SharedMatrix keys = random_matrix(300, 6, 19);
  const SharedMatrix queries = random_matrix(8, 6, 20);
  const Scorer scorer(keys.view, Metric::inner_product);
  const Graph graph = reachable_graph(300, 21);
  const SharedMatrix few = random_matrix(40, 3, 22, DType::bf16);
  const SharedMatrix few_queries = random_matrix(2, 3, 23);
  const Graph small = reachable_graph(40, 24);
  const Walked wanted = walked(scorer, graph, queries.view, beam_of(30), 10);
  WalkScratch scratch;
  for (int round = 0; round < 3; ++round) {
    expect_same(walked(scorer, graph, queries.view, beam_of(30), 10, scratch), wanted);
    walked(Scorer(few.view, Metric::l2), small, few_queries.view, beam_of(3), 40, scratch);
    EXPECT_EQ(scratch.results.size(), 2U);
  }
}

TEST(Walk, WithoutEntryPointsAndSeedsNothingIsRead) {
  const SharedMatrix keys = random_matrix(3, 2, 25);
  const SharedMatrix query = random_matrix(1, 2, 26);
  const Walked found =
      walked(Scorer(keys.view, Metric::inner_product), make_graph({{1}, {2}, {0}}, {}), query.view, beam_of(4), 4);
  EXPECT_TRUE(found.results[0].empty());
  EXPECT_EQ(found.stats.keys_scored, 0U);
  EXPECT_EQ(found.stats.nodes_expanded, 0U);
  EXPECT_EQ(found.stats.bytes_read, 0U);
}

// FAULTS D2: finite keys and queries whose products overflow to infinity, and to NaN.
TEST(Walk, ScoresThatOverflowDoNotBreakTheOrder) {
  const float big = 3e38F;
  const std::vector<float> values = {big, big, -big, -big, 1, 0, big, -big, 0, 1, -big, big, 2, 2};
  const SharedMatrix keys = test::make_matrix(values, 7, 2);
  const SharedMatrix queries = test::make_matrix(std::vector<float>{big, big, big, -big, 1, 1}, 3, 2);
  const Graph graph = reachable_graph(7, 27);
  for (const Metric metric : test::all_metrics) {
    const Scorer scorer(keys.view, metric);
    const Walked found = walked(scorer, graph, queries.view, beam_of(7), 7);
    EXPECT_EQ(found.results, naive_walk(scorer, graph, queries.view, beam_of(7), 7).results);
    for (const auto& results : found.results) {
      EXPECT_TRUE(std::is_sorted(results.begin(), results.end(), better));
      for (const Neighbor& neighbor : results) EXPECT_FALSE(std::isnan(neighbor.score));
    }
  }
}

TEST(KeyMarks, AreOneBitPerKey) {
  KeyMarks marks;
  marks.reset(130);
  for (const KeyId key : {0U, 63U, 64U, 129U}) {
    EXPECT_FALSE(marks.test(key));
    EXPECT_FALSE(marks.set(key));
    EXPECT_TRUE(marks.set(key));
    EXPECT_TRUE(marks.test(key));
  }
  EXPECT_FALSE(marks.test(1));
  EXPECT_FALSE(marks.test(128));
  marks.reset(65);
  EXPECT_FALSE(marks.test(64));
}

}  // namespace
}  // namespace rattan
