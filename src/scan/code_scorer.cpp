#include "scan/code_scorer.h"

#include <algorithm>
#include <cmath>

namespace rattan {
namespace {

// 4 bits take one plane of int8. 8 bits take two, 128 * high + low with low in -64..63.
constexpr double largest_of_four = 127;
constexpr double largest_of_eight = 127 * 128;

void write_four(std::span<const double> weights, double step, std::int8_t* out) {
  for (std::size_t c = 0; c < weights.size(); ++c) out[c] = static_cast<std::int8_t>(std::lround(weights[c] / step));
}

void write_eight(std::span<const double> weights, double step, std::size_t row_bytes, std::int8_t* out) {
  for (std::size_t c = 0; c < weights.size(); ++c) {
    const long value = std::lround(weights[c] / step);
    const long high = (value + 64) >> 7;
    out[c] = static_cast<std::int8_t>(high);
    out[row_bytes + c] = static_cast<std::int8_t>(value - 128 * high);
  }
}

}  // namespace

void PreparedCodeQueries::prepare(MatrixView queries, const KeyCodes& codes, const simd::Kernels& kernels) {
  const std::size_t dim = codes.dim();
  const std::size_t query_bytes = 2 * codes.row_bytes();
  const bool four = codes.bits() == CodeBits::four;
  const auto to_float = kernels.to_float[static_cast<std::size_t>(queries.dtype)];
  floats_.resize(dim);
  weights_.resize(dim);
  steps_.resize(queries.rows);
  data_.assign(queries.rows * query_bytes, 0);
  for (std::size_t q = 0; q < queries.rows; ++q) {
    to_float(queries.row(q), dim, floats_.data());
    double largest = 0;
    for (std::size_t c = 0; c < dim; ++c) {
      weights_[c] = double{floats_[c]} * double{codes.ranges().scales[c]};
      largest = std::max(largest, std::abs(weights_[c]));
    }
    steps_[q] = largest == 0 ? 1.0 : largest / (four ? largest_of_four : largest_of_eight);
    std::int8_t* const out = data_.data() + q * query_bytes;
    if (four) {
      write_four(weights_, steps_[q], out);
    } else {
      write_eight(weights_, steps_[q], codes.row_bytes(), out);
    }
  }
}

void CodeScorer::score(const PreparedCodeQueries& queries, std::span<const KeyId> ids, std::vector<const void*>& rows,
                       float* scores, std::size_t stride) const {
  rows.resize(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) rows[i] = codes_->row(ids[i]);
  const auto kernel = codes_->bits() == CodeBits::four ? kernels_->codes->code4 : kernels_->codes->code8;
  kernel(queries.data(), queries.count(), rows.data(), rows.size(), codes_->row_bytes(), scores, stride);
}

void CodeScorer::score_range(const PreparedCodeQueries& queries, std::size_t begin, std::size_t count,
                             std::vector<const void*>& rows, float* scores, std::size_t stride) const {
  if (codes_->layout() == CodeLayout::blocks) {
    const std::size_t blocks = (count + simd::code_block_rows - 1) / simd::code_block_rows;
    kernels_->codes->code4_blocks(queries.data(), queries.count(), codes_->bytes().data() + begin * codes_->row_bytes(),
                                  blocks, codes_->row_bytes(), scores, stride);
    return;
  }
  rows.resize(count);
  for (std::size_t i = 0; i < count; ++i) rows[i] = codes_->row(begin + i);
  const auto kernel = codes_->bits() == CodeBits::four ? kernels_->codes->code4 : kernels_->codes->code8;
  kernel(queries.data(), queries.count(), rows.data(), count, codes_->row_bytes(), scores, stride);
}

}  // namespace rattan
