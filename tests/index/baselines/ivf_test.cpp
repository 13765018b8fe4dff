#include "index/baselines/ivf.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "baselines/ivf_train.h"
#include "rattan/baselines.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan {
namespace {

using test::random_matrix;

constexpr std::size_t dim = 12;
constexpr std::size_t rows = 800;

// Lists made without FAISS: every 16th key is a centroid, keys go to the best of them.
IvfLists lists_over(const MatrixView& keys, Metric metric) {
  IvfLists lists;
  lists.iterations = 1;
  const MatrixView picked = keys.every(16);
  for (std::size_t i = 0; i < picked.rows; ++i) {
    for (const double value : test::row_values(picked, i)) lists.centroids.push_back(static_cast<float>(value));
  }
  const NeighborTable nearest = test::reference_topk(keys, picked, 1, metric);
  lists.offsets.push_back(0);
  for (KeyId list = 0; list < picked.rows; ++list) {
    for (KeyId key = 0; key < keys.rows; ++key) {
      if (nearest.ids(key)[0] == list) lists.ids.push_back(key);
    }
    lists.offsets.push_back(static_cast<std::uint32_t>(lists.ids.size()));
  }
  return lists;
}

class Ivf : public ::testing::TestWithParam<Metric> {
 protected:
  NeighborTable search(std::uint32_t probes, std::uint32_t group, IdRange candidates = {}) const {
    SearchParams params;
    params.k = 15;
    params.group = group;
    params.probes = probes;
    params.candidate_range = candidates;
    return index_.search(queries_.view, params);
  }

  // The lists that the reference picks for one row.
  std::set<KeyId> reference_lists(std::size_t row, std::uint32_t probes) const {
    const MatrixView centroids(index_.lists().centroids.data(), DType::f32, index_.lists().count(), dim);
    const NeighborTable best = test::reference_topk(queries_.view.slice(row, 1), centroids, probes, GetParam());
    return {best.ids(0).begin(), best.ids(0).end()};
  }

  SharedMatrix keys_ = random_matrix(rows, dim, 1, DType::f16);
  SharedMatrix queries_ = random_matrix(8, dim, 2);
  IvfIndex index_{test::checked(keys_), GetParam(), lists_over(keys_.view, GetParam())};
};

TEST_P(Ivf, AllListsAreTheTruth) {
  const NeighborTable truth = test::reference_topk(queries_.view, keys_.view, 15, GetParam());
  for (const std::uint32_t group : {1U, 4U}) {
    test::expect_neighbors(search(50, group), truth, queries_.view, keys_.view, 1e-4, GetParam());
    test::expect_neighbors(search(5000, group), truth, queries_.view, keys_.view, 1e-4, GetParam());
  }
}

TEST_P(Ivf, ARowScansItsBestLists) {
  const NeighborTable found = search(3, 1);
  for (std::size_t row = 0; row < queries_.view.rows; ++row) {
    const std::set<KeyId> lists = reference_lists(row, 3);
    std::size_t keys = 0;
    std::vector<KeyId> ids;
    for (const KeyId list : lists) {
      keys += index_.lists().list(list).size();
      ids.insert(ids.end(), index_.lists().list(list).begin(), index_.lists().list(list).end());
    }
    const SearchStats& stats = found.stats[row];
    EXPECT_EQ(stats.keys_scored, keys);
    EXPECT_EQ(stats.nodes_expanded, 3U);
    EXPECT_EQ(stats.centroids_scored, 50U);
    EXPECT_EQ(stats.bytes_read, keys * (dim * 2 + 4) + 50 * dim * 4);
    double best = -1e30;
    for (const KeyId id : ids)
      best = std::max(best, test::reference_score(queries_.view, row, keys_.view, id, GetParam()));
    EXPECT_NEAR(found.scores(row)[0], best, 1e-4);
  }
}

TEST_P(Ivf, AGroupScansTheUnionOfItsRowsListsOnceForAllRows) {
  const NeighborTable alone = search(3, 1);
  const NeighborTable together = search(3, 4);
  ASSERT_EQ(together.stats.size(), 2U);
  for (std::size_t group = 0; group < 2; ++group) {
    std::set<KeyId> lists;
    for (std::size_t row = 4 * group; row < 4 * group + 4; ++row) lists.merge(reference_lists(row, 3));
    std::size_t keys = 0;
    for (const KeyId list : lists) keys += index_.lists().list(list).size();
    EXPECT_EQ(together.stats[group].keys_scored, keys);
    EXPECT_EQ(together.stats[group].nodes_expanded, lists.size());
    EXPECT_EQ(together.stats[group].centroids_scored, 50U);
  }
  for (std::size_t row = 0; row < queries_.view.rows; ++row) {
    for (std::size_t i = 0; i < 15; ++i) EXPECT_GE(together.scores(row)[i], alone.scores(row)[i]);
  }
}

TEST_P(Ivf, OnlyCandidatesAreRead) {
  const NeighborTable found = search(50, 4, {200, 300});
  EXPECT_EQ(found.stats[0].keys_scored, 100U);
  for (std::size_t row = 0; row < queries_.view.rows; ++row) {
    for (const KeyId id : found.ids(row)) EXPECT_TRUE(id >= 200 && id < 300);
  }
}

TEST_P(Ivf, ListsAreProbedUntilTheyHoldKKeys) {
  for (const IdRange range : {IdRange{}, IdRange{0, 700}}) {
    SearchParams params;
    params.k = 100;
    params.probes = 1;
    params.candidate_range = range;
    const NeighborTable found = index_.search(queries_.view, params);
    for (std::size_t row = 0; row < queries_.view.rows; ++row) {
      EXPECT_EQ(found.count(row), 100U);
      EXPECT_LT(found.stats[row].keys_scored, 300U);
      EXPECT_GT(found.stats[row].nodes_expanded, 1U);
    }
  }
}

// Of equal keys all but one list are empty, and those come first where they tie.
TEST_P(Ivf, EmptyListsAreNoProbes) {
  const SharedMatrix equal = test::make_matrix(std::vector<float>(100 * dim, 0.5F), 100, dim, DType::f16);
  IvfLists lists;
  lists.iterations = 1;
  lists.centroids.assign(20 * dim, 0.5F);
  lists.offsets.assign(20, 0);
  lists.offsets.push_back(100);
  lists.ids = test::all_ids(100);
  const IvfIndex index(test::checked(equal), GetParam(), lists);
  SearchParams params;
  params.k = 10;
  params.probes = 1;
  const NeighborTable found = index.search(queries_.view, params);
  for (std::size_t row = 0; row < queries_.view.rows; ++row) {
    EXPECT_EQ(found.count(row), 10U);
    EXPECT_EQ(found.stats[row].nodes_expanded, 1U);
  }
}

TEST_P(Ivf, MemoryIsCentroidsAndLists) {
  EXPECT_EQ(index_.memory().total(), 50 * dim * 4 + rows * 4 + 51 * 4);
  EXPECT_NE(index_.describe().find("lists: 50\n"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Metrics, Ivf, ::testing::ValuesIn(test::all_metrics),
                         [](const auto& test) { return std::string(to_string(test.param)); });

TEST(BuildIvf, ParametersAreValidated) {
  IvfBuildParams params;
  params.iterations = 0;
  EXPECT_THROW(build_ivf(random_matrix(4, 4, 1), Metric::l2, params), Error);
}

TEST(BuildIvf, UnsetProbesAreAnEighthOfTheListsAndAtLeastEight) {
  if (!have_faiss) GTEST_SKIP() << "this build has no FAISS";
  const SharedMatrix keys = random_matrix(rows, dim, 1);
  IvfBuildParams params;
  const auto probed = [&](std::uint32_t lists) {
    params.lists = lists;
    SearchParams search;
    search.k = 10;  // that so few lists hold
    const auto index = build_ivf(keys, Metric::inner_product, params);
    return index->search(keys.view.slice(0, 1), search).stats[0].nodes_expanded;
  };
  EXPECT_EQ(probed(80), 10U);
  EXPECT_EQ(probed(40), 8U);
  EXPECT_EQ(probed(5), 5U);
}

}  // namespace
}  // namespace rattan
