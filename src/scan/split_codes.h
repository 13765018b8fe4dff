// Codes in two places: those of a KeyCodes that somebody else holds, and those that grew behind it with its ranges.
#pragma once

#include <cstddef>

#include "rattan/types.h"
#include "scan/key_codes.h"

namespace rattan {

class SplitCodes {
 public:
  SplitCodes(const KeyCodes& base) noexcept : SplitCodes(base, nullptr, 0) {}
  // `grown` is laid out like the base's codes and begins a row or block of its own: KeyCodes::encode with first 0.
  SplitCodes(const KeyCodes& base, const std::byte* grown, std::size_t grown_rows) noexcept
      : base_(&base),
        base_data_(base.data()),
        grown_data_(grown),
        base_rows_(base.rows()),
        grown_rows_(grown_rows),
        row_bytes_(base.row_bytes()) {}

  // Layout, ranges and steps of all.
  const KeyCodes& base() const noexcept { return *base_; }
  std::size_t rows() const noexcept { return base_rows_ + grown_rows_; }
  std::size_t row_bytes() const noexcept { return row_bytes_; }
  CodeLayout layout() const noexcept { return base_->layout(); }

  // rows4 and rows8 only.
  const std::byte* row(KeyId key) const noexcept {
    return key < base_rows_ ? base_data_ + key * row_bytes_ : grown_data_ + (key - base_rows_) * row_bytes_;
  }

  // blocks4 only: the blocks of the base, the last of them perhaps not full, then those of the grown rows.
  std::size_t base_blocks() const noexcept { return (base_rows_ + block_rows - 1) / block_rows; }
  const std::byte* block(std::size_t block) const noexcept {
    const std::size_t of_base = base_blocks();
    return block < of_base ? base_->block(block) : grown_data_ + (block - of_base) * block_rows * row_bytes_;
  }

 private:
  static constexpr std::size_t block_rows = simd::code_block_rows;

  const KeyCodes* base_;
  const std::byte* base_data_;
  const std::byte* grown_data_;
  std::size_t base_rows_;
  std::size_t grown_rows_;
  std::size_t row_bytes_;
};

}  // namespace rattan
