// Attention of a group of query rows over keys that come in blocks: the online softmax of Milakov and Gimelshein
// (arXiv 1805.02867) as FlashAttention uses it, in fp32.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "rattan/attention.h"
#include "rattan/types.h"
#include "simd/kernels.h"

namespace rattan {

// Keys of one block: their scores of a group stay in the first-level cache, and values are summed per block before they
// meet the running totals, so that rounding does not grow with the number of keys.
inline constexpr std::size_t softmax_block = 256;

class RunningSoftmax {
 public:
  // For `rows` query rows; the scratch holds the sums. scale > 0.
  RunningSoftmax(std::size_t rows, std::size_t value_dim, DType value_dtype, double scale, AttentionScratch& scratch);

  // A block of at most softmax_block keys: scores[row * stride + i] of key i become its weights; values are its rows.
  void add(float* scores, std::size_t stride, std::span<const void* const> values);
  // For the rows from `first` on alone, scores[0] being the first's; row first + i sees the first counts[i] keys. What
  // it adds for a row is to the bit what it adds where the row sees all of as many keys.
  void add(float* scores, std::size_t stride, std::span<const void* const> values, std::size_t first,
           std::span<const std::size_t> counts);

  // Writes one part per row. Throws Error(invalid_argument) where a score was NaN or +infinity, or the lse is beyond
  // fp32: what would be left out is as likely the best key as any.
  void finish(std::span<AttentionPart> parts) const;

 private:
  void weigh(std::size_t row, float* scores, std::size_t count);
  void add_values(const float* weights, std::size_t stride, std::span<const void* const> values, std::size_t first);
  void rescale(std::size_t row, float top);

  const simd::Kernels& kernels_;
  simd::AddWeightedRows add_weighted_;
  std::size_t rows_;
  std::size_t dim_;
  double scale_;
  float* totals_;  // rows x dim
  float* block_;   // rows x dim
  float* top_;     // by row: the largest score
  double* sum_;    // by row
};

// Throws Error(invalid_argument) unless `scale` is a positive number whose float is normal.
void check_scale(double scale);

// Throws Error(invalid_argument) that names the query row unless its lse is finite.
void check_lse(std::size_t row, float lse);

// Throws Error(invalid_argument) unless there are `rows` parts of value_dim elements.
void check_parts(std::span<const AttentionPart> parts, std::size_t rows, std::size_t value_dim);

}  // namespace rattan
