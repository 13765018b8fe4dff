// Asks for rows of a list some way ahead of their use. See generic_score.h for how ISAs are kept apart.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rattan::simd {

// Rows come into the second-level cache: the first level has few slots for lines under way, and an instruction that
// waits for one holds up the multiplications behind it. Measured on Zen 4 with 1 GiB of f16 rows of 128 on huge pages,
// lists of 32, ns a row: 49 and 93 (one query, four queries) without, 40 and 55 into the first level, 24 and 34 so.
template <typename Lanes>
class Prefetcher {
 public:
  Prefetcher(const void* const* row_data, std::size_t rows, std::size_t row_bytes)
      : row_data_(row_data), rows_(rows), row_bytes_(row_bytes), ahead_(1 + bytes_ahead / row_bytes) {}

  // To be called before rows up to `end` are read.
  void before(std::size_t end) {
    for (; asked_ < end + ahead_ && asked_ < rows_; ++asked_) ask(reinterpret_cast<std::uintptr_t>(row_data_[asked_]));
  }

 private:
  static constexpr std::size_t bytes_ahead = 16384;
  static constexpr std::uintptr_t line = 64;

  void ask(std::uintptr_t row) const {
    for (std::uintptr_t at = row & ~(line - 1); at < row + row_bytes_; at += line)
      __builtin_prefetch(reinterpret_cast<const void*>(at), 0, 2);  // NOLINT(performance-no-int-to-ptr): not read
  }

  const void* const* row_data_;
  std::size_t rows_;
  std::size_t row_bytes_;
  std::size_t ahead_;
  std::size_t asked_ = 0;
};

}  // namespace rattan::simd
