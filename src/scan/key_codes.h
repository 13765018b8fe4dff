// Codes of 4 or 8 bits for keys: a key is read at a quarter or half of its f16 bytes, or less, to find out which keys
// are worth reading in full. The layouts of bytes are those of simd/code_kernels.h.
//
// Channel c of a key k is coded as round((k[c] - offset[c]) / scale[c]), clamped. The offset is the same for all keys
// of a query and moves no key before another, so scores leave it out. Codes serve inner products only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/aligned.h"
#include "rattan/executor.h"
#include "rattan/matrix.h"

namespace rattan {

enum class CodeBits : std::uint8_t { four = 4, eight = 8 };

// Rows: any row alone, for walks. Blocks: 16 rows interleaved, for scans; 4 bits only.
enum class CodeLayout : std::uint8_t { rows, blocks };

// What a channel's codes mean; offset and scale are finite, scale > 0.
struct CodeRanges {
  std::vector<float> offsets;
  std::vector<float> scales;

  friend bool operator==(const CodeRanges&, const CodeRanges&) = default;
};

// Ranges that cover mean +- 3 standard deviations of each channel or all of its values, whichever is narrower: a few
// outlying keys (attention sinks) do not cost the others their resolution. Keys are finite; none: offsets 0, scales 1.
// The same bits for any executor.
CodeRanges choose_ranges(MatrixView keys, CodeBits bits, Executor& executor);

class KeyCodes {
 public:
  // Codes of all keys, [n, d] finite, with ranges chosen from them. Throws Error(invalid_argument) for 8 bits in
  // blocks.
  KeyCodes(MatrixView keys, CodeBits bits, CodeLayout layout, Executor& executor);

  // No keys yet; `ranges` have one entry per channel.
  KeyCodes(CodeRanges ranges, CodeBits bits, CodeLayout layout);

  // Codes of further keys, with the ranges there are. Throws Error(invalid_argument) for another dim. Not while another
  // thread reads; rows may move.
  void append(MatrixView keys, Executor& executor);

  CodeBits bits() const noexcept { return bits_; }
  CodeLayout layout() const noexcept { return layout_; }
  const CodeRanges& ranges() const noexcept { return ranges_; }
  std::size_t rows() const noexcept { return rows_; }
  std::size_t dim() const noexcept { return ranges_.scales.size(); }
  std::size_t row_bytes() const noexcept { return row_bytes_; }

  // All codes; begins a cache line. In blocks, the last block is filled up with zeros.
  std::span<const std::uint8_t> bytes() const noexcept { return bytes_; }

  // CodeLayout::rows only.
  const std::uint8_t* row(std::size_t key) const noexcept { return bytes_.data() + key * row_bytes_; }

 private:
  void encode(MatrixView keys, std::size_t key, std::size_t to, std::vector<float>& values,
              std::vector<std::uint8_t>& row);

  CodeRanges ranges_;
  CodeBits bits_;
  CodeLayout layout_;
  std::size_t row_bytes_;
  std::size_t rows_ = 0;
  AlignedVector<std::uint8_t> bytes_;
};

}  // namespace rattan
