// Range, causal positions and the recent window on the device.
#include <cstdint>
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

}  // namespace
}  // namespace rattan
