#include "attention/running_softmax.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "attention/scratch.h"
#include "core/check.h"
#include "core/log_sum_exp.h"

namespace rattan {

AttentionScratch::AttentionScratch() : buffers_(std::make_unique<AttentionBuffers>()) {}
AttentionScratch::~AttentionScratch() = default;
AttentionScratch::AttentionScratch(AttentionScratch&&) noexcept = default;
AttentionScratch& AttentionScratch::operator=(AttentionScratch&&) noexcept = default;

RunningSoftmax::RunningSoftmax(std::size_t rows, std::size_t value_dim, DType value_dtype, double scale,
                               AttentionScratch& scratch)
    : kernels_(simd::kernels()),
      add_weighted_(kernels_.add_weighted(value_dtype)),
      rows_(rows),
      dim_(value_dim),
      scale_(scale) {
  if (scratch->outputs.size() < 2 * rows * value_dim) scratch->outputs.resize(2 * rows * value_dim);
  totals_ = scratch->outputs.data();
  block_ = totals_ + rows * value_dim;
  std::fill_n(totals_, rows * value_dim, 0.0F);
  scratch->tops.assign(rows, log_of_nothing);
  scratch->sums.assign(rows, 0);
  top_ = scratch->tops.data();
  sum_ = scratch->sums.data();
}

void RunningSoftmax::add(float* scores, std::size_t stride, std::span<const void* const> values) {
  for (std::size_t row = 0; row < rows_; ++row) weigh(row, scores + row * stride, values.size());
  add_values(scores, stride, values, 0);
}

// A key that a row does not see weighs nothing: its product is a zero, which changes no sum.
void RunningSoftmax::add(float* scores, std::size_t stride, std::span<const void* const> values, std::size_t first,
                         std::span<const std::size_t> counts) {
  for (std::size_t i = 0; i < counts.size(); ++i) {
    float* const weights = scores + i * stride;
    weigh(first + i, weights, counts[i]);
    std::fill(weights + counts[i], weights + values.size(), 0.0F);
  }
  add_values(scores, stride, values, first);
}

// Makes weights of scores.
void RunningSoftmax::weigh(std::size_t row, float* scores, std::size_t count) {
  const float top = std::max(top_[row], kernels_.largest(scores, count));
  if (top == log_of_nothing) {
    std::fill_n(scores, count, 0.0F);
    return;
  }
  rescale(row, top);
  sum_[row] += static_cast<double>(kernels_.exp_weights(scores, count, static_cast<float>(scale_), top, scores));
}

void RunningSoftmax::add_values(const float* weights, std::size_t stride, std::span<const void* const> values,
                                std::size_t first) {
  const std::size_t rows = rows_ - first;
  std::fill_n(block_, rows * dim_, 0.0F);
  add_weighted_(weights, rows, stride, values.data(), values.size(), dim_, block_);
  float* const totals = totals_ + first * dim_;
  for (std::size_t i = 0; i < rows * dim_; ++i) totals[i] += block_[i];
}

// What was summed before counted from a smaller maximum.
void RunningSoftmax::rescale(std::size_t row, float top) {
  if (top == top_[row]) return;
  const double factor = std::exp(scale_ * (static_cast<double>(top_[row]) - static_cast<double>(top)));
  top_[row] = top;
  if (sum_[row] == 0) return;
  sum_[row] *= factor;
  for (std::size_t c = 0; c < dim_; ++c) totals_[row * dim_ + c] *= static_cast<float>(factor);
}

void RunningSoftmax::finish(std::span<AttentionPart> parts) const {
  for (std::size_t row = 0; row < rows_; ++row) {
    const float factor = sum_[row] == 0 ? 0.0F : static_cast<float>(1 / sum_[row]);
    for (std::size_t c = 0; c < dim_; ++c) parts[row].output[c] = totals_[row * dim_ + c] * factor;
    parts[row].lse = static_cast<float>(log_sum(scale_ * static_cast<double>(top_[row]), sum_[row]));
    if (sum_[row] != 0) check_lse(row, parts[row].lse);  // true for NaN
  }
}

void check_scale(double scale) {
  check_range("scale", scale, static_cast<double>(std::numeric_limits<float>::min()),
              static_cast<double>(std::numeric_limits<float>::max()));
}

void check_lse(std::size_t row, float lse) {
  if (std::isfinite(lse)) return;
  fail(ErrorCode::invalid_argument, "query row ", row,
       ": scores with its keys, or their product with scale, are beyond fp32; allowed are magnitudes below 3.4e38");
}

void check_parts(std::span<const AttentionPart> parts, std::size_t rows, std::size_t value_dim) {
  if (parts.size() != rows) {
    fail(ErrorCode::invalid_argument, "parts has ", parts.size(), " entries, there are ", rows, " query rows");
  }
  for (const AttentionPart& part : parts) {
    if (part.output.size() != value_dim) {
      fail(ErrorCode::invalid_argument, "part.output has ", part.output.size(), " elements, values have dim ",
           value_dim);
    }
  }
}

}  // namespace rattan
