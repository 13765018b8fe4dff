// Rows in pages that somebody else holds, and the table that says where the pages lie. Both are read in place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "rattan/matrix.h"

namespace rattan {

// Row i begins table[i / page_rows] * page_bytes + i % page_rows * stride_bytes behind `data`.
struct PageRows {
  const std::byte* data = nullptr;
  const std::uint32_t* table = nullptr;
  std::uint32_t page_rows = 1;
  std::size_t page_bytes = 0;
  std::size_t stride_bytes = 0;

  // Rows are counted in 32 bits, whose division is several times as fast as that of 64.
  const std::byte* row(std::size_t i) const noexcept {
    const auto at = static_cast<std::uint32_t>(i);
    return data + table[at / page_rows] * page_bytes + at % page_rows * stride_bytes;
  }
  // Addresses of rows [begin, begin + count).
  void write_addresses(std::size_t begin, std::size_t count, const void** to) const noexcept;
  // Whether these rows lie one behind the other, stride_bytes apart.
  bool consecutive(std::size_t begin, std::size_t count) const noexcept;

  bool operator==(const PageRows&) const = default;
};

// Throws Error(invalid_argument) for a table that is too short, a zero block_rows, a stride below cols, null data or
// sizes beyond 64 bits: `name` and the member.
PageRows checked_pages(const PagedRows& rows, std::string_view name);

}  // namespace rattan
