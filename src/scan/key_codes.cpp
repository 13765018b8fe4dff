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

}  // namespace

KeyCodes::KeyCodes(const MatrixView& keys, CodeLayout layout, Executor& executor)
    : layout_(layout),
      row_bytes_(bytes_of_row(keys.cols, layout)),
      ranges_(keys.rows == 0 ? std::vector<ChannelRange>(keys.cols) : channel_ranges(keys, executor)) {
  for (const ChannelRange& range : ranges_) steps_.push_back(step_of(range, largest_code()));
  append(keys, executor);
}

std::size_t KeyCodes::bytes_for(std::size_t rows, std::size_t dim, CodeLayout layout) noexcept {
  const std::size_t step = layout == CodeLayout::blocks4 ? simd::code_block_rows : 1;
  return (rows + step - 1) / step * step * bytes_of_row(dim, layout);
}

void KeyCodes::append(const MatrixView& keys, Executor& executor) {
  if (keys.cols != dim()) {
    fail(ErrorCode::invalid_argument, "appended keys have dim ", keys.cols, ", allowed is ", dim());
  }
  const std::size_t first = rows_;
  rows_ += keys.rows;
  codes_.resize(bytes_for(rows_, dim(), layout_));
  encode(keys, first, codes_.data(), executor);
}

void KeyCodes::encode(const MatrixView& keys, std::size_t first, std::byte* codes, Executor& executor) const {
  const auto to_float = simd::kernels().widen(keys.dtype);
  // Two workers may write to one block, but never to the same byte.
  parallel_blocks(executor, keys.rows, block_keys, [&](std::size_t begin, std::size_t end, unsigned) {
    std::vector<float> values(dim());
    std::vector<std::byte> row(row_bytes_);
    for (std::size_t i = begin; i < end; ++i) {
      to_float(keys.row(i), dim(), values.data());
      encode_row(values.data(), row.data());
      const auto key = static_cast<KeyId>(first + i);
      for (std::size_t byte = 0; byte < row_bytes_; byte += 4) {
        std::copy_n(row.data() + byte, 4, codes + place(key, byte));
      }
    }
  });
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

void KeyCodes::encode_row(const float* values, std::byte* row) const noexcept {
  std::fill_n(row, row_bytes_, std::byte{0});
  const double largest = largest_code();
  for (std::size_t c = 0; c < dim(); ++c) {
    const double steps = (double{values[c]} - double{ranges_[c].lowest}) / double{steps_[c]};
    const auto code = static_cast<std::byte>(std::clamp(steps, 0.0, largest) + 0.5);
    if (c < row_bytes_) {
      row[c] = code;
    } else {
      row[c - row_bytes_] |= code << 4;
    }
  }
}

}  // namespace rattan
