#include "scan/code_scorer.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace rattan {
namespace {

// One plane of int8; or two, 128 * high + low with low in -64..63.
constexpr double largest_of_one_plane = 127;
constexpr double largest_of_two_planes = 127 * 128;

// Below it products of raw scores may round to what fp32 has no digits for.
constexpr float smallest_factor = 1e-30F;

// Beyond any raw score.
constexpr double largest_raw = 1e30;

}  // namespace

void PreparedCodeQueries::prepare(MatrixView queries, const SplitCodes& codes, const simd::Kernels& kernels) {
  const KeyCodes& base = codes.base();
  const std::size_t query_bytes = 2 * base.row_bytes();
  const auto to_float = kernels.widen(queries.dtype);
  count_ = queries.rows;
  part_bytes_ = count_ * query_bytes;
  values_.resize(base.dim());
  weights_.resize(base.dim());
  // Segments bring parts: a search behind the next ones should not be the first that needs more memory.
  const std::size_t room = std::bit_ceil(codes.parts() + 16);
  data_.reserve(room * part_bytes_);
  conversions_.reserve(room * count_);
  data_.resize(codes.parts() * part_bytes_);
  conversions_.resize(codes.parts() * count_);
  lowest_.resize(count_);
  highest_.resize(count_);
  scales_.resize(count_);
  for (std::size_t q = 0; q < count_; ++q) {
    to_float(queries.row(q), base.dim(), values_.data());
    Scale first{};
    for (std::size_t part = 0; part < codes.parts(); ++part) {
      const Scale scale =
          write(codes.part(part), base, values_.data(), data_.data() + part * part_bytes_ + q * query_bytes);
      if (part == 0) first = scale;
      relate(part, q, first, scale);
    }
  }
}

PreparedCodeQueries::Scale PreparedCodeQueries::write(const CodePart& part, const KeyCodes& codes, const float* query,
                                                      std::int8_t* out) {
  const bool two_planes = codes.layout() == CodeLayout::rows8;
  double largest = 0;
  double offset = 0;
  for (std::size_t c = 0; c < weights_.size(); ++c) {
    weights_[c] = double{query[c]} * double{part.steps[c]};
    offset += double{query[c]} * double{part.lowest[c]};
    largest = std::max(largest, std::abs(weights_[c]));
  }
  const double step = largest == 0 ? 1.0 : largest / (two_planes ? largest_of_two_planes : largest_of_one_plane);
  std::fill_n(out, 2 * codes.row_bytes(), std::int8_t{0});
  std::int64_t sum = 0;
  std::int64_t magnitude = 0;  // signs are coin tosses to the branch predictor
  for (std::size_t c = 0; c < weights_.size(); ++c) {
    const double steps = weights_[c] / step;
    const auto value = static_cast<std::int32_t>(steps + std::copysign(0.5, steps));
    sum += value;
    magnitude += std::abs(value);
    const std::int32_t high = two_planes ? (value + 64) >> 7 : value;
    out[c] = static_cast<std::int8_t>(high);
    if (two_planes) out[codes.row_bytes() + c] = static_cast<std::int8_t>(value - 128 * high);
  }
  const std::int64_t code = codes.largest_code();
  const std::int64_t negative = (sum - magnitude) / 2;
  const std::int64_t positive = (sum + magnitude) / 2;
  return {step, offset, static_cast<double>(negative * code), static_cast<double>(positive * code)};
}

// Where ranges are so unlike that fp32 ends, a score is as large as it can be.
void PreparedCodeQueries::relate(std::size_t part, std::size_t query, const Scale& first, const Scale& scale) {
  static constexpr double largest = 1e30;
  const auto fitting = [](double x) { return static_cast<float>(std::clamp(x, -largest, largest)); };
  const double factor = scale.step / first.step;
  const double shift = (scale.offset - first.offset) / first.step;
  conversions_[part * count_ + query] = {fitting(factor), fitting(shift)};
  const float lowest = fitting(factor * scale.lowest + shift);
  const float highest = fitting(factor * scale.highest + shift);
  if (part == 0) scales_[query] = static_cast<float>(scale.step);
  lowest_[query] = part == 0 ? lowest : std::min(lowest_[query], lowest);
  highest_[query] = part == 0 ? highest : std::max(highest_[query], highest);
}

float PreparedCodeQueries::Conversion::raw_bound(float least) const noexcept {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  if (!(factor > smallest_factor)) return -infinity;
  const double product = double{least} - double{shift};
  // score() rounds a product and a sum to fp32.
  const double rounding = 0x1p-22 * (std::abs(double{least}) + std::abs(product));
  const double bound = std::clamp((product - rounding) / double{factor}, -largest_raw, largest_raw);
  return std::nextafter(static_cast<float>(bound), -infinity);
}

// Neighbours in a list mostly lie in one part: a walk appends the edges of one key after the other.
void CodeScorer::score(const PreparedCodeQueries& queries, std::span<const KeyId> ids, std::vector<const void*>& rows,
                       float* scores, std::size_t stride) const {
  rows.resize(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) rows[i] = codes_.row(ids[i]);
  const auto kernel = codes_.layout() == CodeLayout::rows8 ? kernels_->codes->code8 : kernels_->codes->code4;
  const auto score_run = [&](std::size_t part, std::size_t first, std::size_t count) {
    kernel(queries.data(part), queries.count(), rows.data() + first, count, codes_.row_bytes(), scores + first, stride);
    for (std::size_t q = 0; q < queries.count() && part != 0; ++q) {
      const PreparedCodeQueries::Conversion by = queries.conversion(part, q);
      float* const of_query = scores + q * stride + first;
      for (std::size_t i = 0; i < count; ++i) of_query[i] = by.score(of_query[i]);
    }
  };
  if (codes_.parts() == 1) {
    score_run(0, 0, ids.size());
    return;
  }
  for (std::size_t first = 0; first < ids.size();) {
    const std::size_t part = codes_.part_of(ids[first]);
    const IdRange in_part{static_cast<KeyId>(codes_.begin(part)), static_cast<KeyId>(codes_.end(part))};
    std::size_t end = first + 1;
    while (end < ids.size() && in_part.contains(ids[end])) ++end;
    score_run(part, first, end - first);
    first = end;
  }
}

void CodeScorer::score_blocks(const PreparedCodeQueries& queries, std::size_t part, std::size_t first,
                              std::size_t count, float* raw, std::size_t stride) const {
  kernels_->codes->code4_blocks(queries.data(part), queries.count(), codes_.block(codes_.first_block(part) + first),
                                count, codes_.row_bytes(), raw, stride);
}

}  // namespace rattan
