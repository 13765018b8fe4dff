// Range, causal positions and the recent window on the device.
#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "tests/cuda/device_test.h"

namespace rattan {
namespace {

using CudaVisibility = test::CudaDevice;

constexpr std::size_t keys_count = 3000;

void expect_visible(const std::vector<std::int64_t>& positions, IdRange range, std::uint32_t recent, std::uint32_t k) {
  const SharedMatrix queries = test::random_matrix(positions.size(), 32, 1, DType::bf16);
  const SharedMatrix keys = test::random_matrix(keys_count, 32, 2, DType::bf16);
  const Visibility visible{.range = range, .positions = positions, .recent = recent};
  test::expect_same_as_cpu(*make_exact_topk_cuda(), queries.view, keys.view, k, visible);
}

std::vector<std::int64_t> every_position() {
  std::vector<std::int64_t> positions;
  for (std::int64_t i = -3; i < static_cast<std::int64_t>(keys_count) + 40; ++i) positions.push_back(i);
  return positions;
}

TEST_F(CudaVisibility, EveryCausalPosition) { expect_visible(every_position(), {}, 0, 5); }

TEST_F(CudaVisibility, RecentWindowAndSinksAreLeftOut) { expect_visible(every_position(), {16, no_key}, 33, 40); }

TEST_F(CudaVisibility, PositionsInAnyOrder) {
  std::vector<std::int64_t> positions;
  for (std::int64_t i = 0; i < 500; ++i) positions.push_back((i * 7919) % 3100 - 20);
  expect_visible(positions, {3, 2900}, 5, 100);
}

TEST_F(CudaVisibility, RangeWithoutPositions) { expect_visible(std::vector<std::int64_t>(9, 5000), {100, 2700}, 0, 9); }

TEST_F(CudaVisibility, RowsThatSeeNothing) {
  expect_visible({9, 4, -5, INT64_MIN, INT64_MAX}, {}, 10, 2);
  expect_visible({9, 4, -5}, {5, 5}, 0, 2);
}

// The query heads of a KV head as the rows of one search, as a layer's links are made: each head gets what it gets
// alone.
TEST_F(CudaVisibility, GroupsOfQueryHeadsInOneSearch) {
  constexpr std::size_t n = 3000;
  constexpr std::size_t heads = 4;
  const auto exact = make_exact_topk_cuda();
  const SharedMatrix queries = test::random_matrix(heads * n, 128, 3, DType::bf16);
  const SharedMatrix keys = test::random_matrix(n, 128, 4, DType::bf16);
  std::vector<std::int64_t> positions;
  for (std::size_t i = 0; i < heads * n; ++i) positions.push_back(static_cast<std::int64_t>(i % n));
  const NeighborTable together = exact->find(queries.view, keys.view, 50, Metric::inner_product,
                                             {.range = {}, .positions = positions, .recent = 7});
  for (std::size_t head = 0; head < heads; ++head) {
    const MatrixView rows = queries.view.slice(head * n, n);
    const Visibility visible{.range = {}, .positions = std::span(positions).subspan(0, n), .recent = 7};
    const NeighborTable alone = exact->find(rows, keys.view, 50, Metric::inner_product, visible);
    for (std::size_t row = 0; row < n; ++row) {
      ASSERT_TRUE(std::ranges::equal(together.ids(head * n + row), alone.ids(row))) << head << " row " << row;
      ASSERT_TRUE(std::ranges::equal(together.scores(head * n + row), alone.scores(row))) << head << " row " << row;
    }
    if (head == 1) test::expect_same_as_cpu(*exact, rows, keys.view, 50, visible);
  }
}

}  // namespace
}  // namespace rattan
