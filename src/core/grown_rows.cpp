#include "core/grown_rows.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "core/check.h"

namespace rattan {

GrownRows::GrownRows(const MatrixView& base, std::size_t capacity)
    : base_(base),
      capacity_(capacity),
      memory_(checked_mul(capacity, base.row_bytes(), "capacity", ErrorCode::invalid_argument)) {}

SplitRows GrownRows::view(std::size_t count) const noexcept {
  const std::size_t base = std::min(count, base_.rows);
  return {base_.slice(0, base), MatrixView(memory_.data(), base_.dtype, count - base, base_.cols)};
}

void GrownRows::append(const MatrixView& rows) noexcept {
  const std::size_t first = grown_.load(std::memory_order_relaxed);
  const std::size_t row_bytes = base_.row_bytes();
  for (std::size_t i = 0; i < rows.rows; ++i) {
    std::memcpy(memory_.data() + (first + i) * row_bytes, rows.row(i), row_bytes);
  }
  grown_.store(first + rows.rows, std::memory_order_release);
}

void GrownRows::truncate(std::size_t rows) noexcept {
  if (rows >= this->rows()) return;
  base_.rows = std::min(base_.rows, rows);
  grown_.store(rows - base_.rows, std::memory_order_release);
}

SharedMatrix in_one_place(const SplitRows& rows, std::size_t begin, std::size_t end) {
  const std::size_t base = rows.base.rows;
  if (end <= base) return rows.base.slice(begin, end - begin);
  if (begin >= base) return rows.grown.slice(begin - base, end - begin);
  const std::size_t row_bytes = rows.row_bytes();
  auto bytes = std::make_shared<std::vector<std::byte>>((end - begin) * row_bytes);
  for (std::size_t i = begin; i < end; ++i)
    std::memcpy(bytes->data() + (i - begin) * row_bytes, rows.row(i), row_bytes);
  return {MatrixView(bytes->data(), rows.dtype(), end - begin, rows.cols()), bytes};
}

}  // namespace rattan
