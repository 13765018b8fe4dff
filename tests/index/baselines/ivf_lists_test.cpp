#include "index/baselines/ivf_lists.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>

#include "baselines/ivf_train.h"
#include "storage/byte_writer.h"
#include "tests/support/errors.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan {
namespace {

using test::expect_error;
using test::random_matrix;

class MakeIvfLists : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!have_faiss) GTEST_SKIP() << "this build has no FAISS";
  }
};

void expect_every_key_once(const IvfLists& lists, std::size_t rows) {
  std::vector<int> seen(rows, 0);
  for (std::size_t i = 0; i < lists.count(); ++i) {
    EXPECT_TRUE(std::is_sorted(lists.list(i).begin(), lists.list(i).end()));
    for (const KeyId id : lists.list(i)) ++seen.at(id);
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), static_cast<std::ptrdiff_t>(rows));
}

TEST_F(MakeIvfLists, EveryKeyIsInTheListOfItsNearestCentroid) {
  const SharedMatrix keys = random_matrix(900, 13, 1, DType::f16);
  for (const bool spherical : {false, true}) {
    IvfBuildParams params;
    params.spherical = spherical;
    const IvfLists lists = make_ivf_lists(keys.view, params, train_centroids, nullptr);
    EXPECT_EQ(lists.count(), 60U);
    expect_every_key_once(lists, 900);
    const MatrixView centroids(lists.centroids.data(), DType::f32, lists.count(), 13);
    const Metric metric = spherical ? Metric::inner_product : Metric::l2;
    const NeighborTable truth = test::reference_topk(keys.view, centroids, 1, metric);
    for (std::size_t i = 0; i < lists.count(); ++i) {
      for (const KeyId id : lists.list(i)) {
        EXPECT_NEAR(test::reference_score(keys.view, id, centroids, i, metric), truth.scores(id)[0], 1e-4);
      }
    }
  }
}

TEST_F(MakeIvfLists, DependsOnTheSeedAndNotOnThreads) {
  const SharedMatrix keys = random_matrix(6000, 8, 1);
  IvfBuildParams params;
  params.lists = 10;  // 2,560 of 6,000 keys are sampled
  params.executor = &serial_executor();
  const IvfLists once = make_ivf_lists(keys.view, params, train_centroids, nullptr);
  for (const unsigned threads : {2U, 3U, 4U}) {
    const auto executor = make_openmp_executor(threads);
    params.executor = executor.get();
    const IvfLists again = make_ivf_lists(keys.view, params, train_centroids, nullptr);
    EXPECT_EQ(again.centroids, once.centroids) << threads;
    EXPECT_EQ(again.ids, once.ids) << threads;
  }
  params.executor = &serial_executor();
  params.seed = 9;
  EXPECT_NE(make_ivf_lists(keys.view, params, train_centroids, nullptr).centroids, once.centroids);
}

// FAULTS C4.
TEST_F(MakeIvfLists, C4_NeverMoreListsThanKeys) {
  for (const std::size_t rows : {0U, 1U, 2U, 5U}) {
    IvfBuildParams params;
    params.lists = 100;
    const IvfLists lists = make_ivf_lists(random_matrix(rows, 4, 1).view, params, train_centroids, nullptr);
    EXPECT_EQ(lists.count(), rows);
    expect_every_key_once(lists, rows);
  }
}

TEST_F(MakeIvfLists, KeysAtTheEndOfTheRangeStillHaveAList) {
  const std::vector<float> values(80, std::numeric_limits<float>::max());
  const IvfLists lists =
      make_ivf_lists(test::make_matrix(values, 20, 4).view, IvfBuildParams{}, train_centroids, nullptr);
  expect_every_key_once(lists, 20);
  EXPECT_TRUE(std::all_of(lists.centroids.begin(), lists.centroids.end(), [](float v) { return v - v == 0; }));
}

TEST_F(MakeIvfLists, StagesAreTimed) {
  BuildStats stats;
  make_ivf_lists(random_matrix(50, 4, 1).view, IvfBuildParams{}, train_centroids, &stats);
  ASSERT_EQ(stats.stages.size(), 2U);
  EXPECT_EQ(stats.stages[0].first, "train");
  EXPECT_EQ(stats.stages[1].first, "assign");
}

// Two lists over five keys of two elements.
IvfLists small_lists() { return {true, 7, 5, {1, 2, 3, 4}, {0, 2, 5}, {1, 4, 0, 2, 3}}; }

Container container_of(const IvfLists& lists) {
  ContainerWriter writer("ivf");
  write_ivf_lists(lists, writer);
  return Container::parse(writer.bytes(), "lists");
}

TEST(ReadIvfLists, ReadsWhatWasWritten) {
  const IvfLists lists = read_ivf_lists(container_of(small_lists()), 5, 2);
  EXPECT_EQ(lists.spherical, true);
  EXPECT_EQ(lists.iterations, 7U);
  EXPECT_EQ(lists.seed, 5U);
  EXPECT_EQ(lists.centroids, small_lists().centroids);
  EXPECT_EQ(lists.offsets, small_lists().offsets);
  EXPECT_EQ(lists.ids, small_lists().ids);
}

// FAULTS A1, A5, A6, A9, A13, with correct checksums.
TEST(ReadIvfLists, A5_A6_A13_ListsThatContradictThemselvesAreCorrupt) {
  const auto expect_corrupt = [](std::string_view part, const std::function<void(IvfLists&)>& lie) {
    IvfLists lists = small_lists();
    lie(lists);
    expect_error(ErrorCode::corrupt, part, [&] { read_ivf_lists(container_of(lists), 5, 2); });
  };
  expect_corrupt("key 5", [](IvfLists& l) { l.ids[1] = 5; });
  expect_corrupt("key 4294967295", [](IvfLists& l) { l.ids[4] = no_key; });
  expect_corrupt("twice", [](IvfLists& l) { l.ids[0] = 0; });
  expect_corrupt("ascending", [](IvfLists& l) { std::swap(l.ids[3], l.ids[4]); });
  expect_corrupt("offsets", [](IvfLists& l) { l.offsets = {1, 2, 5}; });
  expect_corrupt("offsets", [](IvfLists& l) { l.offsets = {0, 2, 4}; });
  expect_corrupt("offsets", [](IvfLists& l) { l.offsets = {0, 6, 5}; });
  expect_corrupt("centroid", [](IvfLists& l) { l.centroids[2] = std::numeric_limits<float>::quiet_NaN(); });
  expect_corrupt("centroids", [](IvfLists& l) { l.centroids.push_back(1); });
  expect_corrupt("centroids", [](IvfLists& l) { l.centroids.pop_back(); });
  expect_corrupt("ids", [](IvfLists& l) { l.ids.push_back(1); });
  expect_corrupt("ids", [](IvfLists& l) { l.ids.pop_back(); });
  expect_corrupt("iterations", [](IvfLists& l) { l.iterations = 0; });
  expect_corrupt("lists", [](IvfLists& l) {
    l.offsets = {0};
    l.centroids = {};
  });
  expect_corrupt("lists", [](IvfLists& l) { l.offsets.resize(7, 5); });
}

}  // namespace
}  // namespace rattan
