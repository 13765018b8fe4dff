#include "scan/key_codes.h"

#include <algorithm>
#include <limits>

#include "core/check.h"
#include "core/parallel.h"
#include "simd/kernels.h"

namespace rattan {
namespace {

constexpr std::size_t block_keys = 1024;

std::size_t bytes_of_row(std::size_t dim, CodeLayout layout) noexcept {
  const std::size_t padded = (dim + 63) / 64 * 64;
  return layout == CodeLayout::rows8 ? padded : padded / 2;
}

// A channel without spread, or with less than a normal number can say, has code 0 throughout: any step serves.
float step_of(const ChannelRange& range, std::uint32_t largest) {
  const auto step = static_cast<float>((double{range.highest} - double{range.lowest}) / largest);
  return step >= std::numeric_limits<float>::min() ? step : 1.0F;
}

// Keys of a part where they are scanned. Text drifts, and with it keys: ranges of fewer are narrower (real head of
// 131,072 keys, best 200 by code: recall@100 0.986 in parts of 2,048, 0.932 in one). A walk jumps from part to part.
constexpr std::size_t part_keys = 4096;
static_assert(part_keys % simd::code_block_rows == 0);

}  // namespace

KeyCodes::KeyCodes(const MatrixView& keys, CodeLayout layout, Executor& executor)
    : layout_(layout), rows_(keys.rows), row_bytes_(bytes_of_row(keys.cols, layout)), dim_(keys.cols) {
  codes_.resize(bytes_for(rows_, dim_, layout));
  const std::size_t of_part = layout == CodeLayout::blocks4 ? part_keys : std::max<std::size_t>(rows_, 1);
  for (std::size_t first = 0; first < rows_; first += of_part) {
    parts_.push_back(encode(keys.slice(first, std::min(of_part, rows_ - first)), first, codes_.data(), executor));
  }
  if (parts_.empty()) parts_.push_back({0, std::vector<float>(dim_, 0.0F), std::vector<float>(dim_, 1.0F), {}});
}

std::size_t KeyCodes::bytes_for(std::size_t rows, std::size_t dim, CodeLayout layout) noexcept {
  const std::size_t step = layout == CodeLayout::blocks4 ? simd::code_block_rows : 1;
  return (rows + step - 1) / step * step * bytes_of_row(dim, layout);
}

std::size_t KeyCodes::bytes() const noexcept {
  std::size_t bytes = codes_.size();
  for (const CodePart& part : parts_) bytes += part.outlier_bytes();
  return bytes;
}

CodePart KeyCodes::encode(const MatrixView& keys, std::size_t first, std::byte* codes, Executor& executor) const {
  const InlierRanges found = inlier_ranges(keys, executor);
  CodePart part;
  part.end = first + keys.rows;
  for (const ChannelRange& range : found.ranges) {
    part.lowest.push_back(range.lowest);
    part.steps.push_back(step_of(range, largest_code()));
  }
  const auto to_float = simd::kernels().widen(keys.dtype);
  // Two workers may write to one block, but never to the same byte.
  parallel_blocks(executor, keys.rows, block_keys, [&](std::size_t begin, std::size_t end, unsigned) {
    std::vector<float> values(dim());
    std::vector<std::byte> row(row_bytes_);
    for (std::size_t i = begin; i < end; ++i) {
      to_float(keys.row(i), dim(), values.data());
      const bool outlier = std::ranges::binary_search(found.outliers, static_cast<KeyId>(i));
      encode_row(part, outlier ? found.typical.data() : values.data(), row.data());
      const auto key = static_cast<KeyId>(first + i);
      for (std::size_t byte = 0; byte < row_bytes_; byte += 4) {
        std::copy_n(row.data() + byte, 4, codes + place(key, byte));
      }
    }
  });
  for (const KeyId row : found.outliers) part.outliers.push_back(static_cast<KeyId>(first + row));
  return part;
}

// Four bytes of a row stay together in every layout.
std::size_t KeyCodes::place(KeyId key, std::size_t byte) const noexcept {
  if (layout_ != CodeLayout::blocks4) return key * row_bytes_ + byte;
  constexpr std::size_t rows = simd::code_block_rows;
  return key / rows * rows * row_bytes_ + byte / 4 * 4 * rows + key % rows * 4 + byte % 4;
}

std::uint32_t KeyCodes::code(KeyId key, std::size_t channel) const noexcept {
  const bool high_half = channel >= row_bytes_;
  const auto byte = std::to_integer<std::uint32_t>(codes_[place(key, high_half ? channel - row_bytes_ : channel)]);
  if (layout_ == CodeLayout::rows8) return byte;
  return high_half ? byte >> 4 : byte & 15U;
}

void KeyCodes::encode_row(const CodePart& part, const float* values, std::byte* row) const noexcept {
  std::fill_n(row, row_bytes_, std::byte{0});
  const double largest = largest_code();
  for (std::size_t c = 0; c < dim(); ++c) {
    const double steps = (double{values[c]} - double{part.lowest[c]}) / double{part.steps[c]};
    const auto code = static_cast<std::byte>(std::clamp(steps, 0.0, largest) + 0.5);
    if (c < row_bytes_) {
      row[c] = code;
    } else {
      row[c - row_bytes_] |= code << 4;
    }
  }
}

}  // namespace rattan
