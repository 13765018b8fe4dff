// The selection of the GPU kernels, on the CPU: a threshold from the maxima of a sample, survivors, and which rows must
// be done again. No device is needed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "core/random.h"
#include "cuda/chunks.h"
#include "cuda/layout.h"
#include "cuda/sample_rank.h"

namespace rattan {
namespace {

struct Selected {
  std::size_t rank = 0;
  std::size_t survivors = 0;
  bool redo = false;
};

// As find_thresholds, keep_survivors and the kernels of finish.cu do it.
Selected select(const std::vector<float>& scores, std::uint32_t k) {
  const auto keys = static_cast<std::uint32_t>(scores.size());
  const std::uint32_t stride = cuda::sample_stride(keys);
  std::vector<float> maxima;
  const std::uint32_t together = cuda::keys_per_maximum(k, stride);
  for (std::size_t first = 0; first < scores.size(); first += together * std::size_t{stride}) {
    float best = -INFINITY;
    for (std::size_t i = 0; i < together && first + i * stride < scores.size(); ++i) {
      best = std::max(best, scores[first + i * stride]);
    }
    maxima.push_back(best);
  }
  const std::uint32_t rank = cuda::sample_rank(k, stride);
  const std::uint32_t capacity = cuda::survivor_capacity(k, stride);
  float threshold = -INFINITY;
  if (!cuda::keeps_all(keys, capacity) && rank <= maxima.size()) {
    std::nth_element(maxima.begin(), maxima.begin() + (rank - 1), maxima.end(), std::greater<>());
    threshold = maxima[rank - 1];
  }
  Selected result;
  result.rank = rank;
  for (const float score : scores) result.survivors += score >= threshold ? 1 : 0;
  result.redo = result.survivors > capacity || result.survivors < std::min<std::size_t>(k, keys);
  return result;
}

std::vector<float> normal_scores(std::size_t count, std::uint64_t seed) {
  std::vector<float> scores(count);
  for (std::size_t i = 0; i < count; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < 6; ++j) sum += random_uniform(seed, 6 * i + j) - 0.5;
    scores[i] = static_cast<float>(sum);
  }
  return scores;
}

TEST(CudaSelection, RandomRowsPassOnceWithFewSurvivors) {
  for (const std::size_t keys : {1500U, 8192U, 20000U, 131072U}) {
    for (const std::uint32_t k : {1U, 10U, 100U}) {
      for (std::uint64_t seed = 0; seed < 8; ++seed) {
        const Selected selected = select(normal_scores(keys, seed + keys), k);
        EXPECT_FALSE(selected.redo) << keys << " keys, k " << k;
        EXPECT_GE(selected.survivors, k);
      }
    }
  }
}

TEST(CudaSelection, RowsThatDefeatTheSampleAreDoneAgain) {
  EXPECT_TRUE(select(std::vector<float>(5000, 1.0F), 10).redo) << "all keys equal: everything reaches the threshold";

  // The sampled keys score far above all others: too few of all reach their threshold.
  std::vector<float> scores = normal_scores(131072, 3);
  const std::uint32_t stride = cuda::sample_stride(131072);
  for (std::size_t i = 0; i < 60; ++i) scores[i * 100 * stride] = 1000.0F + static_cast<float>(i);
  EXPECT_TRUE(select(scores, 100).redo);
}

TEST(CudaSelection, AStrideOfOneNeverMisses) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Selected selected = select(normal_scores(12000, seed), 100);
    EXPECT_GE(selected.survivors, 100U);
  }
}

TEST(CudaSelection, RanksAndCapacitiesHoldTheirBounds) {
  for (std::uint32_t k = 1; k <= 1024; ++k) {
    EXPECT_GE(cuda::survivor_capacity(k, 1), 8 * k);
    EXPECT_EQ(cuda::sample_rank(k, 1), k);
    for (std::uint32_t stride = 2; stride <= 32; ++stride) {
      EXPECT_GT(cuda::sample_rank(k, stride) * stride, k);
    }
  }
}

// Causal rows: each has as many maxima as its threshold needs, or room for all it sees.
TEST(CudaSelection, ChunksAreRowsThatOneSampleServes) {
  for (const std::uint32_t k : {1U, 10U, 32U, 100U, 128U}) {
    for (const std::uint32_t keys : {100U, 3000U, 16384U, 131072U, 1000000U}) {
      const std::uint32_t capacity = cuda::survivor_capacity(k, cuda::sample_stride(keys));
      const auto count = [&](std::size_t row) { return keys - static_cast<std::uint32_t>(row / 4); };
      const std::vector<std::size_t> begins = cuda::chunk_begins(4 * std::size_t{keys}, 50688, capacity, count);
      ASSERT_EQ(begins.back(), 4 * std::size_t{keys});
      for (std::size_t i = 0; i + 1 < begins.size(); ++i) {
        ASSERT_LT(begins[i], begins[i + 1]);
        ASSERT_LE(begins[i + 1] - begins[i], 50688U);
        const std::uint32_t stride = cuda::sample_stride(count(begins[i]));
        const std::uint32_t least = count(begins[i + 1] - 1);
        if (cuda::keeps_all(least, capacity)) continue;
        EXPECT_GE(least / stride / cuda::keys_per_maximum(k, stride), cuda::sample_rank(k, stride))
            << "k " << k << " sees " << least;
      }
    }
  }
}

// The layout that kernels read: every element has two bytes of its own, and eight columns stay together.
TEST(CudaSelection, PackedElementsDoNotOverlap) {
  for (const std::uint32_t tile_rows : {cuda::query_tile, cuda::key_tile}) {
    for (std::uint32_t blocks = 1; blocks <= 4; ++blocks) {
      std::vector<int> hits(std::size_t{2} * tile_rows * blocks * cuda::block_row_bytes);
      for (std::size_t row = 0; row < 2 * std::size_t{tile_rows}; ++row) {
        for (std::uint32_t col = 0; col < blocks * cuda::block_cols; ++col) {
          const std::size_t at = cuda::packed_offset(tile_rows, blocks, row, col);
          ASSERT_LT(at + 1, hits.size());
          EXPECT_EQ(at, cuda::packed_offset(tile_rows, blocks, row, col / 8 * 8) + std::size_t{col % 8} * 2);
          ++hits[at];
          ++hits[at + 1];
        }
      }
      EXPECT_TRUE(std::all_of(hits.begin(), hits.end(), [](int count) { return count == 1; }));
    }
  }
}

}  // namespace
}  // namespace rattan
