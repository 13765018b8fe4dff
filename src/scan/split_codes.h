// Codes in two places: those of a KeyCodes that somebody else holds, and those of parts that grew behind it.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "rattan/types.h"
#include "scan/key_codes.h"

namespace rattan {

class SplitCodes {
 public:
  SplitCodes(const KeyCodes& base) noexcept : SplitCodes(base, nullptr, {}) {}
  // `grown` is laid out like the base's codes and begins a row or block of its own: KeyCodes::encode with first 0.
  // parts: of it, in order; those of blocks4 begin at blocks. Borrowed.
  SplitCodes(const KeyCodes& base, const std::byte* grown, std::span<const CodePart> parts) noexcept
      : base_(&base),
        grown_parts_(parts),
        data_{base.data(), grown},
        begin_{0, base.rows()},
        base_rows_(base.rows()),
        grown_rows_(parts.empty() ? 0 : parts.back().end),
        row_bytes_(base.row_bytes()) {}

  // Layout of all.
  const KeyCodes& base() const noexcept { return *base_; }
  std::size_t rows() const noexcept { return base_rows_ + grown_rows_; }
  std::size_t row_bytes() const noexcept { return row_bytes_; }
  CodeLayout layout() const noexcept { return base_->layout(); }

  // Of the base, then the grown ones. Their rows are ids [begin(i), end(i)).
  std::size_t parts() const noexcept { return base_->parts().size() + grown_parts_.size(); }
  const CodePart& part(std::size_t i) const noexcept {
    const std::size_t of_base = base_->parts().size();
    return i < of_base ? base_->parts()[i] : grown_parts_[i - of_base];
  }
  std::size_t end(std::size_t i) const noexcept { return shift(i) + part(i).end; }
  std::size_t begin(std::size_t i) const noexcept { return i == 0 ? 0 : end(i - 1); }
  std::size_t part_of(KeyId key) const noexcept {
    std::size_t low = 0;
    for (std::size_t high = parts() - 1; low < high;) {
      const std::size_t middle = (low + high) / 2;
      if (key < end(middle)) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  std::size_t outliers() const noexcept {
    std::size_t count = 0;
    for (std::size_t i = 0; i < parts(); ++i) count += part(i).outliers.size();
    return count;
  }
  // Calls visit(id) for the outliers of a range, ascending.
  template <typename Visit>
  void each_outlier(IdRange range, const Visit& visit) const {
    for (std::size_t i = 0; i < parts(); ++i) {
      for (const KeyId row : part(i).outliers) {
        const auto id = static_cast<KeyId>(shift(i) + row);
        if (range.contains(id)) visit(id);
      }
    }
  }

  // rows4 and rows8 only.
  const std::byte* row(KeyId key) const noexcept {
    const bool grown = key >= base_rows_;  // a coin toss to the branch predictor
    return data_[grown] + (key - begin_[grown]) * row_bytes_;
  }

  // blocks4 only: the blocks of the base, the last of them perhaps not full, then those of the grown rows.
  std::size_t first_block(std::size_t part) const noexcept {
    const std::size_t row = begin(part) - shift(part);
    return row / block_rows + (shift(part) == 0 ? 0 : base_blocks());
  }
  const std::byte* block(std::size_t block) const noexcept {
    const std::size_t of_base = base_blocks();
    return block < of_base ? base_->block(block) : data_[1] + (block - of_base) * block_rows * row_bytes_;
  }

 private:
  static constexpr std::size_t block_rows = simd::code_block_rows;

  std::size_t shift(std::size_t part) const noexcept { return part < base_->parts().size() ? 0 : base_rows_; }
  std::size_t base_blocks() const noexcept { return (base_rows_ + block_rows - 1) / block_rows; }

  const KeyCodes* base_;
  std::span<const CodePart> grown_parts_;
  std::array<const std::byte*, 2> data_;  // of the base, of the grown rows
  std::array<std::size_t, 2> begin_;      // their first
  std::size_t base_rows_;
  std::size_t grown_rows_;
  std::size_t row_bytes_;
};

}  // namespace rattan
