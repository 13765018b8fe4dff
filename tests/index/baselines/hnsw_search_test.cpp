// Hand-made layers over keys on a line: key i is (i), the query is (1), so key i has score i.
#include "index/baselines/hnsw_search.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/matrices.h"

namespace rattan {
namespace {

// 0 - 1 - 2 - 3 - 4 - 5 on the lowest layer, 0 - 2 - 4 above it, entered at 0.
HnswLayers line_layers() {
  HnswLayers layers;
  layers.max_degree = 2;
  layers.entry = 0;
  layers.level0 = Graph(std::vector<std::vector<KeyId>>{{1}, {0, 2}, {1, 3}, {2, 4}, {3, 5}, {4}});
  layers.upper.push_back({{0, 2, 4}, {0, 1, 3, 4}, {2, 0, 4, 2}});
  return layers;
}

class HnswSearch : public ::testing::Test {
 protected:
  SearchStats search(const SearchParams& params, std::uint32_t beam_width) {
    const float one = 1;
    scorer_.prepare({&one, DType::f32, 1, 1}, scratch_.walk.queries);
    return search_hnsw(layers_, scorer_, params, beam_width, scratch_);
  }
  std::vector<KeyId> found() {
    std::vector<KeyId> ids;
    for (const Neighbor& neighbor : scratch_.walk.results[0].sorted()) ids.push_back(neighbor.id);
    return ids;
  }

  SharedMatrix keys_ = test::make_matrix(std::vector<float>{0, 1, 2, 3, 4, 5}, 6, 1);
  Scorer scorer_{keys_.view, Metric::inner_product};
  HnswLayers layers_ = line_layers();
  HnswScratch scratch_;
};

TEST_F(HnswSearch, DescendsThenWalks) {
  SearchParams params;
  params.k = 2;
  const SearchStats stats = search(params, 1);
  EXPECT_EQ(found(), (std::vector<KeyId>{5, 4}));
  // Descent: 0, then 2, then 0 and 4, then 2. Walk from 4: 3 and 5, then nothing new. Distinct: 0 2 3 4 5.
  EXPECT_EQ(stats.keys_scored, 5U);
  EXPECT_EQ(stats.nodes_expanded, 3U + 2U);
  EXPECT_EQ(stats.centroids_scored, 0U);
  const std::uint64_t keys_read = 5 + 3;
  const std::uint64_t links_read = (1 + 2 + 1) + (2 + 1);
  EXPECT_EQ(stats.bytes_read, 4 * keys_read + 4 * links_read);
}

TEST_F(HnswSearch, EveryScoredKeyCanBeAResult) {
  SearchParams params;
  params.k = 3;
  search(params, 1);
  EXPECT_EQ(found(), (std::vector<KeyId>{5, 4, 3}));
}

TEST_F(HnswSearch, AWideBeamReachesEveryKey) {
  SearchParams params;
  params.k = 10;
  EXPECT_EQ(search(params, 6).keys_scored, 6U);
  EXPECT_EQ(found(), (std::vector<KeyId>{5, 4, 3, 2, 1, 0}));
}

TEST_F(HnswSearch, CandidatesAreReturnedOthersArePassed) {
  SearchParams params;
  params.k = 10;
  params.candidate_range = {1, 3};
  search(params, 6);
  EXPECT_EQ(found(), (std::vector<KeyId>{2, 1}));
}

TEST_F(HnswSearch, SeedsAreScoredAndCounted) {
  layers_.upper.clear();
  layers_.level0 = Graph(6, 1);
  const std::vector<KeyId> start_keys{3, 5, 3, 0};
  SearchParams params;
  params.k = 10;
  params.start_keys = start_keys;
  EXPECT_EQ(search(params, 6).keys_scored, 3U);
  EXPECT_EQ(found(), (std::vector<KeyId>{5, 3, 0}));
}

TEST_F(HnswSearch, WithoutUpperLayersTheWalkStartsAtTheEntry) {
  layers_.upper.clear();
  SearchParams params;
  params.k = 1;
  EXPECT_EQ(search(params, 1).keys_scored, 6U);
  EXPECT_EQ(found(), (std::vector<KeyId>{5}));
}

TEST_F(HnswSearch, AScratchCarriesNothingOver) {
  SearchParams params;
  params.k = 2;
  const SearchStats first = search(params, 1);
  params.candidate_range = {0, 1};
  search(params, 6);
  params.candidate_range = {};
  const SearchStats again = search(params, 1);
  EXPECT_EQ(again.keys_scored, first.keys_scored);
  EXPECT_EQ(again.bytes_read, first.bytes_read);
  EXPECT_EQ(found(), (std::vector<KeyId>{5, 4}));
}

}  // namespace
}  // namespace rattan
