// Codes of 4 or 8 bits for keys: a key is read at a quarter or half of its f16 bytes, or less, to find out which keys
// are worth reading in full. The layouts of bytes are those of simd/code_kernels.h.
//
// Channel c of a key k is coded as round((k[c] - lowest(c)) / step(c)), clamped. What is left out, lowest(c), is the
// same for all keys of a query and moves no key before another. Codes serve inner products only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/aligned.h"
#include "rattan/executor.h"
#include "rattan/matrix.h"
#include "rattan/types.h"
#include "scan/code_ranges.h"
#include "simd/code_kernels.h"

namespace rattan {

// Rows: any row alone, for walks. Blocks: 16 rows interleaved, for scans.
enum class CodeLayout : std::uint8_t { rows4, rows8, blocks4 };

class KeyCodes {
 public:
  KeyCodes() = default;

  // Codes of all keys, [n, d] finite, over channel_ranges() of them (without keys: lowest 0, step 1). The same bytes
  // for any executor.
  KeyCodes(const MatrixView& keys, CodeLayout layout, Executor& executor);

  // Writes the codes of further keys, with the ranges there are, into memory of the caller: `keys` as rows first,
  // first + 1, ... of `codes`, which is laid out like this object's (blocks4: whole blocks, zero where not yet
  // written). Only bytes of these rows are written. The same bytes for any executor.
  void encode(const MatrixView& keys, std::size_t first, std::byte* codes, Executor& executor) const;

  // Codes of further keys, with the ranges there are. Throws Error(invalid_argument) for another dim. Not while another
  // thread reads; rows may move.
  void append(const MatrixView& keys, Executor& executor);

  // bytes() of codes for so many keys.
  static std::size_t bytes_for(std::size_t rows, std::size_t dim, CodeLayout layout) noexcept;

  CodeLayout layout() const noexcept { return layout_; }
  std::size_t rows() const noexcept { return rows_; }
  std::size_t dim() const noexcept { return ranges_.size(); }
  std::size_t row_bytes() const noexcept { return row_bytes_; }
  std::size_t bytes() const noexcept { return codes_.size(); }
  const std::byte* data() const noexcept { return codes_.data(); }
  std::uint32_t largest_code() const noexcept { return layout_ == CodeLayout::rows8 ? 255 : 15; }

  // rows4 and rows8 only. Row 0 begins a cache line.
  const std::byte* row(KeyId key) const noexcept { return codes_.data() + key * row_bytes_; }
  // blocks4 only; 16 rows, those past the last are zero.
  const std::byte* block(std::size_t block) const noexcept {
    return codes_.data() + block * simd::code_block_rows * row_bytes_;
  }

  float step(std::size_t channel) const noexcept { return steps_[channel]; }  // finite, > 0
  float lowest(std::size_t channel) const noexcept { return ranges_[channel].lowest; }

  // One code, read back; any layout.
  std::uint32_t code(KeyId key, std::size_t channel) const noexcept;

 private:
  std::size_t place(KeyId key, std::size_t byte) const noexcept;
  void encode_row(const float* values, std::byte* row) const noexcept;

  CodeLayout layout_ = CodeLayout::rows4;
  std::size_t rows_ = 0;
  std::size_t row_bytes_ = 0;
  std::vector<ChannelRange> ranges_;
  std::vector<float> steps_;
  AlignedVector<std::byte> codes_;
};

}  // namespace rattan
