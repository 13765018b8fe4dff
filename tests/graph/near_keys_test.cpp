#include "graph/near_keys.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <vector>

#include "core/parallel.h"
#include "tests/support/matrices.h"

namespace rattan {
namespace {

std::vector<KeyId> first_ids(std::size_t count) {
  std::vector<KeyId> ids(count);
  std::iota(ids.begin(), ids.end(), KeyId{0});
  return ids;
}

std::vector<std::vector<KeyId>> lists_of(std::size_t keys, const KeyGeometry& geometry, const NearKeysParams& params,
                                         Executor& executor) {
  std::vector<std::vector<KeyId>> lists(keys);
  near_keys(first_ids(keys), geometry, params, executor,
            [&](KeyId key, std::span<const KeyId> nearest) { lists[key].assign(nearest.begin(), nearest.end()); });
  return lists;
}

// Keys around 64 centres, which is how keys of a model lie.
SharedMatrix grouped_matrix(std::size_t rows, std::size_t cols) {
  const SharedMatrix centres = test::random_matrix(64, cols, 5);
  const SharedMatrix noise = test::random_matrix(rows, cols, 6);
  auto values = std::make_shared<std::vector<float>>(rows * cols);
  for (std::size_t i = 0; i < rows; ++i) {
    const auto* const centre = static_cast<const float*>(centres.view.row(i * 7 % 64));
    const auto* const offset = static_cast<const float*>(noise.view.row(i));
    for (std::size_t c = 0; c < cols; ++c) (*values)[i * cols + c] = centre[c] + 0.2F * offset[c];
  }
  return {MatrixView(values->data(), DType::f32, rows, cols), values};
}

double share_in(const std::vector<std::vector<KeyId>>& lists, const std::vector<std::vector<KeyId>>& among) {
  std::size_t shared = 0;
  std::size_t all = 0;
  for (std::size_t i = 0; i < lists.size(); ++i) {
    for (const KeyId id : lists[i]) shared += static_cast<std::size_t>(std::ranges::count(among[i], id));
    all += lists[i].size();
  }
  return static_cast<double>(shared) / static_cast<double>(all);
}

TEST(NearKeys, OfFewKeysTheyAreTheNearest) {
  const SharedMatrix keys = test::random_matrix(300, 16, 1);
  const KeyGeometry geometry(keys.view, serial_executor());
  const std::vector<KeyId> all = first_ids(300);
  std::vector<const void*> rows;
  std::vector<float> similarity(300);
  const auto lists = lists_of(300, geometry, {.count = 5}, serial_executor());
  for (KeyId key = 0; key < 300; ++key) {
    geometry.similarity(key, all, rows, similarity.data());
    ASSERT_EQ(lists[key].size(), 5U);
    EXPECT_EQ(std::ranges::count(lists[key], key), 0);
    for (const KeyId id : all) {
      if (id == key || std::ranges::find(lists[key], id) != lists[key].end()) continue;
      EXPECT_LE(similarity[id], similarity[lists[key].back()] + 1e-5F);
    }
  }
}

TEST(NearKeys, FewerKeysThanAskedForGiveAllOthers) {
  const SharedMatrix keys = test::random_matrix(4, 8, 3);
  for (const auto& list : lists_of(4, KeyGeometry(keys.view, serial_executor()), {.count = 16}, serial_executor())) {
    EXPECT_EQ(list.size(), 3U);
  }
}

TEST(NearKeys, ClustersGiveNearlyTheNearestAtAQuarterOfTheKeys) {
  const SharedMatrix keys = grouped_matrix(8192, 8);
  const KeyGeometry geometry(keys.view, serial_executor());
  const auto exact = lists_of(8192, geometry, {.count = 8, .compared = 8192}, serial_executor());
  const auto near = lists_of(8192, geometry, {.count = 8, .compared = 2048}, serial_executor());
  EXPECT_GE(share_in(exact, near), 0.9);
}

TEST(NearKeys, OnlyKeysThatAskAreAnswered) {
  const SharedMatrix keys = grouped_matrix(4096, 16);
  const std::vector<KeyId> asking{3, 700, 701, 4095};
  std::map<KeyId, std::size_t> answered;
  near_keys(asking, KeyGeometry(keys.view, serial_executor()), {.count = 4, .compared = 512}, serial_executor(),
            [&](KeyId key, std::span<const KeyId> nearest) { answered[key] += nearest.size(); });
  ASSERT_EQ(answered.size(), asking.size());
  for (const KeyId key : asking) EXPECT_EQ(answered[key], 4U);
}

TEST(NearKeys, EqualKeysAndOneClusterAreNoTrouble) {
  std::vector<float> same(2048 * 8, 1.0F);
  const MatrixView keys(same.data(), DType::f32, 2048, 8);
  for (const auto& list :
       lists_of(2048, KeyGeometry(keys, serial_executor()), {.count = 3, .compared = 256}, serial_executor())) {
    EXPECT_EQ(list.size(), 3U);
  }
}

TEST(NearKeys, EqualForAnyExecutor) {
  const SharedMatrix keys = grouped_matrix(4096, 16);
  const auto executor = make_openmp_executor(5);
  const NearKeysParams params{.count = 6, .compared = 1024};
  EXPECT_EQ(lists_of(4096, KeyGeometry(keys.view, serial_executor()), params, serial_executor()),
            lists_of(4096, KeyGeometry(keys.view, *executor), params, *executor));
}

}  // namespace
}  // namespace rattan
