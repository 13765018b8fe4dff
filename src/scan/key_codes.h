// Codes of 4 or 8 bits for keys: a key is read at a quarter or half of its f16 bytes, or less, to find out which keys
// are worth reading in full. The layouts of bytes are those of simd/code_kernels.h.
//
// Channel c of a key k is coded as round((k[c] - lowest[c]) / step[c]), where lowest and step are those of a part:
// consecutive keys with ranges of their own. A part has outliers, keys far outside of its ranges: their codes are those
// of a typical key, and every search by code scores them in full. Codes serve inner products only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
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

// How some consecutive keys are coded.
struct CodePart {
  std::size_t end = 0;          // rows of it and of all parts before it
  std::vector<float> lowest;    // by channel
  std::vector<float> steps;     // by channel; finite, > 0
  std::vector<KeyId> outliers;  // rows, ascending: to be scored in full

  std::size_t outlier_bytes() const noexcept { return outliers.size() * sizeof(KeyId); }
};

class KeyCodes {
 public:
  KeyCodes() = default;

  // Codes of all keys, [n, d] finite, over inlier_ranges() of them (without keys: lowest 0, step 1): of rows in one
  // part, of blocks in parts of 4,096. The same bytes for any executor.
  KeyCodes(const MatrixView& keys, CodeLayout layout, Executor& executor);

  // Writes the codes of further keys, one at least, into memory of the caller: `keys` as rows first, first + 1, ... of
  // `codes`, which is laid out like this object's (blocks4: whole blocks, zero where not yet written). Only bytes of
  // these rows are written. Returns their part. The same for any executor.
  CodePart encode(const MatrixView& keys, std::size_t first, std::byte* codes, Executor& executor) const;

  // bytes() of codes for so many keys without outliers.
  static std::size_t bytes_for(std::size_t rows, std::size_t dim, CodeLayout layout) noexcept;

  CodeLayout layout() const noexcept { return layout_; }
  std::size_t rows() const noexcept { return rows_; }
  std::size_t dim() const noexcept { return dim_; }
  std::size_t row_bytes() const noexcept { return row_bytes_; }
  std::size_t bytes() const noexcept;                                  // codes and outliers
  std::span<const CodePart> parts() const noexcept { return parts_; }  // one at least, but of a default object
  const std::byte* data() const noexcept { return codes_.data(); }
  std::uint32_t largest_code() const noexcept { return layout_ == CodeLayout::rows8 ? 255 : 15; }

  // rows4 and rows8 only. Row 0 begins a cache line.
  const std::byte* row(KeyId key) const noexcept { return codes_.data() + key * row_bytes_; }
  // blocks4 only; 16 rows, those past the last are zero.
  const std::byte* block(std::size_t block) const noexcept {
    return codes_.data() + block * simd::code_block_rows * row_bytes_;
  }

  // One code, read back; any layout.
  std::uint32_t code(KeyId key, std::size_t channel) const noexcept;

 private:
  std::size_t place(KeyId key, std::size_t byte) const noexcept;
  void encode_row(const CodePart& part, const float* values, std::byte* row) const noexcept;

  CodeLayout layout_ = CodeLayout::rows4;
  std::size_t rows_ = 0;
  std::size_t row_bytes_ = 0;
  std::size_t dim_ = 0;
  std::vector<CodePart> parts_;
  AlignedVector<std::byte> codes_;
};

}  // namespace rattan
