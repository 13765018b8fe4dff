#include "graph/graph_view.h"

#include <gtest/gtest.h>

#include <vector>

#include "core/grown_rows.h"
#include "graph/code_walk.h"
#include "graph/walk.h"
#include "tests/graph/cases.h"
#include "tests/support/matrices.h"

namespace rattan {
namespace {

TEST(GraphView, OfAGraphIsTheGraph) {
  const Graph graph = test::random_graph(50, 5, {3, 9}, 1);
  const GraphView view(graph);
  EXPECT_EQ(view.keys(), 50U);
  EXPECT_EQ(view.stride(), graph.stride());
  EXPECT_TRUE(std::ranges::equal(view.base_entry_points(), graph.entry_points));
  EXPECT_TRUE(view.grown_entry_points().empty());
  for (KeyId key = 0; key < 50; ++key) EXPECT_EQ(view.slots(key).data(), graph.slots(key).data());
  EXPECT_EQ(GraphView(Graph()).keys(), 0U);
}

// A graph cut in two pieces that lie apart.
struct Cut {
  Graph whole = test::random_graph(600, 9, {1, 77, 350, 599}, 2);
  Graph base{400, whole.stride()};
  std::vector<KeyId> grown_slots;
  std::vector<KeyId> grown_entry_points = {599};

  Cut() {
    for (KeyId key = 0; key < 600; ++key) {
      const auto slots = std::as_const(whole).slots(key);
      if (key < 400) {
        std::ranges::copy(slots, base.slots(key).begin());
      } else {
        grown_slots.insert(grown_slots.end(), slots.begin(), slots.end());
      }
    }
    base.entry_points = {1, 77, 350};
  }
  GraphView view() const { return {base, grown_slots, grown_entry_points}; }
};

TEST(GraphView, OfTwoPiecesIsOneGraph) {
  const Cut cut;
  ASSERT_EQ(cut.view().keys(), 600U);
  for (KeyId key = 0; key < 600; ++key) {
    EXPECT_TRUE(std::ranges::equal(cut.view().neighbors(key), cut.whole.neighbors(key)));
  }
}

TEST(GraphView, WalksOverTwoPiecesAreThoseOverOne) {
  const Cut cut;
  const SharedMatrix keys = test::random_matrix(600, 32, 3);
  const SharedMatrix queries = test::random_matrix(4, 32, 4);
  GrownRows rows(keys.view.slice(0, 400), 200);
  rows.append(keys.view.slice(400, 200));
  const Scorer scorer(keys.view, Metric::inner_product);
  const Scorer split(rows.view(600), Metric::inner_product);
  WalkParams params;
  params.beam_width = 40;
  for (const IdRange hidden : {IdRange{0, 0}, IdRange{100, 400}}) {
    params.hidden = hidden;
    WalkScratch one;
    WalkScratch two;
    scorer.prepare(queries.view, one.queries);
    split.prepare(queries.view, two.queries);
    const SearchStats a = walk(scorer, cut.whole, params, 10, one);
    const SearchStats b = walk(split, cut.view(), params, 10, two);
    EXPECT_EQ(a.keys_scored, b.keys_scored);
    EXPECT_EQ(a.bytes_read, b.bytes_read);
    for (std::size_t row = 0; row < 4; ++row) {
      EXPECT_TRUE(std::ranges::equal(one.results[row].sorted(), two.results[row].sorted()));
      for (const Neighbor& neighbor : two.results[row].sorted()) EXPECT_FALSE(hidden.contains(neighbor.id));
      EXPECT_EQ(two.results[row].sorted().size(), 10U);
    }
  }
}

}  // namespace
}  // namespace rattan
