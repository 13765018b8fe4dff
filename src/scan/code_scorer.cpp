#include "scan/code_scorer.h"

#include <algorithm>
#include <cmath>

namespace rattan {
namespace {

// One plane of int8; or two, 128 * high + low with low in -64..63.
constexpr double largest_of_one_plane = 127;
constexpr double largest_of_two_planes = 127 * 128;

}  // namespace

void PreparedCodeQueries::prepare(MatrixView queries, const KeyCodes& codes, const simd::Kernels& kernels) {
  const std::size_t dim = codes.dim();
  const auto to_float = kernels.widen(queries.dtype);
  values_.resize(dim);
  weights_.resize(dim);
  data_.assign(queries.rows * 2 * codes.row_bytes(), 0);
  lowest_.resize(queries.rows);
  highest_.resize(queries.rows);
  scales_.resize(queries.rows);
  for (std::size_t q = 0; q < queries.rows; ++q) {
    to_float(queries.row(q), dim, values_.data());
    double largest = 0;
    for (std::size_t c = 0; c < dim; ++c) {
      weights_[c] = double{values_[c]} * double{codes.step(c)};
      largest = std::max(largest, std::abs(weights_[c]));
    }
    const bool two_planes = codes.layout() == CodeLayout::rows8;
    write(q, largest == 0 ? 1.0 : largest / (two_planes ? largest_of_two_planes : largest_of_one_plane), codes);
  }
}

void PreparedCodeQueries::write(std::size_t query, double step, const KeyCodes& codes) {
  const bool two_planes = codes.layout() == CodeLayout::rows8;
  std::int8_t* const out = data_.data() + query * 2 * codes.row_bytes();
  std::int64_t negative = 0;
  std::int64_t positive = 0;
  for (std::size_t c = 0; c < weights_.size(); ++c) {
    const auto value = static_cast<std::int64_t>(std::lround(weights_[c] / step));
    (value < 0 ? negative : positive) += value;
    const std::int64_t high = two_planes ? (value + 64) >> 7 : value;
    out[c] = static_cast<std::int8_t>(high);
    if (two_planes) out[codes.row_bytes() + c] = static_cast<std::int8_t>(value - 128 * high);
  }
  lowest_[query] = static_cast<float>(negative * std::int64_t{codes.largest_code()});
  highest_[query] = static_cast<float>(positive * std::int64_t{codes.largest_code()});
  scales_[query] = static_cast<float>(step);
}

void CodeScorer::score(const PreparedCodeQueries& queries, std::span<const KeyId> ids, std::vector<const void*>& rows,
                       float* scores, std::size_t stride) const {
  rows.resize(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) rows[i] = codes_.row(ids[i]);
  const auto kernel = codes_.layout() == CodeLayout::rows8 ? kernels_->codes->code8 : kernels_->codes->code4;
  kernel(queries.data(), queries.count(), rows.data(), rows.size(), codes_.row_bytes(), scores, stride);
}

void CodeScorer::score_blocks(const PreparedCodeQueries& queries, std::size_t first, std::size_t count, float* scores,
                              std::size_t stride) const {
  kernels_->codes->code4_blocks(queries.data(), queries.count(), codes_.block(first), count, codes_.row_bytes(), scores,
                                stride);
}

}  // namespace rattan
