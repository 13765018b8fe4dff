#include "core/grown_rows.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

namespace rattan {
namespace {

constexpr std::size_t chunk_rows = ChunkRows::chunk_rows;

std::size_t chunks_for(std::size_t rows) noexcept { return (rows + chunk_rows - 1) / chunk_rows; }

// Elements from each of rows [begin, end) to the next, where they lie in one place; begin < end.
std::optional<std::size_t> common_stride(const SplitRows& rows, std::size_t begin, std::size_t end) noexcept {
  if (rows.pages != nullptr) {
    if (rows.absent != 0 || !rows.pages->consecutive(rows.first + begin, end - begin)) return std::nullopt;
    return rows.pages->stride_bytes / dtype_size(rows.dtype());
  }
  if (end <= rows.base.rows) return rows.base.row_stride;
  if (begin < rows.base.rows) return std::nullopt;
  const bool in_one_chunk = rows.grown.in_chunk(begin - rows.base.rows, end - rows.base.rows) == end - begin;
  return in_one_chunk ? std::optional(rows.cols()) : std::nullopt;
}

}  // namespace

GrownRows::GrownRows(const MatrixView& base, std::size_t capacity)
    : base_(base), capacity_(capacity), row_bytes_(base.row_bytes()) {}

GrownRows::GrownRows(const MatrixView& base, std::size_t capacity, const PageRows& pages) : GrownRows(base, capacity) {
  place(pages);
}

GrownRows::GrownRows(const GrownRows& other, std::size_t rows)
    : base_(other.base_), capacity_(other.capacity_), row_bytes_(other.row_bytes_) {
  base_.rows = std::min(base_.rows, rows);
  const std::size_t grown = rows - base_.rows;
  const std::lock_guard lock(other.sharing_);
  if (other.paged()) {
    place(*other.pages_);
    grown_.store(grown, std::memory_order_release);
    return;
  }
  chunks_.assign(other.chunks_.begin(), other.chunks_.begin() + static_cast<std::ptrdiff_t>(chunks_for(grown)));
  auto table = std::make_unique<Table>();
  for (const Chunk& chunk : chunks_) table->push_back(chunk->data());
  publish(std::move(table));
  grown_.store(grown, std::memory_order_release);
  inherited_.store(grown, std::memory_order_relaxed);
}

SplitRows GrownRows::view(std::size_t count) const noexcept {
  const std::size_t base = std::min(count, base_.rows);
  SplitRows rows(base_.slice(0, base), addresses_.load(), count - base);
  rows.pages = placed_.load();
  return rows;
}

void GrownRows::publish(std::unique_ptr<Table> table) {
  if (table_) retired_tables_.push_back(std::move(table_));
  table_ = std::move(table);
  addresses_.store(table_->data());
}

void GrownRows::place(const PageRows& pages) {
  if (pages_ && *pages_ == pages) return;
  auto next = std::make_unique<const PageRows>(pages);
  const std::lock_guard lock(sharing_);
  if (pages_) retired_pages_.push_back(std::move(pages_));
  pages_ = std::move(next);
  placed_.store(pages_.get());
}

void GrownRows::grow(std::size_t rows) noexcept {
  grown_.store(grown_.load(std::memory_order_relaxed) + rows, std::memory_order_release);
}

void GrownRows::reserve(std::size_t rows) {
  if (paged()) return;
  const std::size_t grown = grown_.load(std::memory_order_relaxed);
  const std::size_t wanted = chunks_for(grown + rows);
  const std::size_t partial = grown % chunk_rows;
  if (wanted == 0) return;
  const std::lock_guard lock(sharing_);
  const bool shared = rows != 0 && partial != 0 && chunks_[grown / chunk_rows].shared();
  if (wanted == chunks_.size() && !shared) return;
  std::vector<Chunk> chunks = chunks_;
  if (shared) {
    Chunk copy(AlignedVector<std::byte>(chunk_rows * row_bytes_));
    std::memcpy(copy->data(), chunks[grown / chunk_rows]->data(), partial * row_bytes_);
    chunks[grown / chunk_rows] = std::move(copy);
  }
  while (chunks.size() < wanted) chunks.emplace_back(AlignedVector<std::byte>(chunk_rows * row_bytes_));
  // Readers know the addresses of rows that they know of: more may be written behind them, others not in their place.
  const bool fits = table_ && !shared && wanted <= table_->capacity();
  std::unique_ptr<Table> table;
  if (!fits) {
    table = std::make_unique<Table>();
    table->reserve(std::max<std::size_t>(16, 2 * wanted));
    retired_tables_.reserve(retired_tables_.size() + 1);
    retired_chunks_.reserve(retired_chunks_.size() + 1);
  }
  Table& into = fits ? *table_ : *table;
  for (std::size_t i = into.size(); i < wanted; ++i) into.push_back(chunks[i]->data());
  if (shared) {
    retired_chunks_.push_back(std::move(chunks_[grown / chunk_rows]));
    inherited_.store(std::min(inherited_.load(std::memory_order_relaxed), grown - partial), std::memory_order_relaxed);
  }
  chunks_ = std::move(chunks);
  if (!fits) publish(std::move(table));
}

void GrownRows::append(const MatrixView& rows) {
  reserve(rows.rows);
  const std::size_t first = grown_.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    std::byte* const chunk = chunks_[(first + i) / chunk_rows]->data();
    std::memcpy(chunk + (first + i) % chunk_rows * row_bytes_, rows.row(i), row_bytes_);
  }
  grown_.store(first + rows.rows, std::memory_order_release);
}

void GrownRows::drop_retired() noexcept {
  if (retired_tables_.empty() && retired_chunks_.empty() && retired_pages_.empty()) return;
  const std::lock_guard lock(sharing_);
  retired_pages_.clear();
  retired_tables_.clear();
  retired_chunks_.clear();
}

void GrownRows::truncate(std::size_t rows) noexcept {
  if (rows >= this->rows()) return;
  base_.rows = std::min(base_.rows, rows);
  const std::size_t grown = rows - base_.rows;
  grown_.store(grown, std::memory_order_release);
  inherited_.store(std::min(inherited_rows(), grown), std::memory_order_relaxed);
  drop_retired();
  if (paged()) return;
  chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(chunks_for(grown)), chunks_.end());
  if (table_) table_->resize(chunks_.size());
}

SharedMatrix in_one_place(const SplitRows& rows, std::size_t begin, std::size_t end) {
  if (begin == end) return MatrixView(nullptr, rows.dtype(), 0, rows.cols());
  if (const std::optional<std::size_t> stride = common_stride(rows, begin, end)) {
    return MatrixView(rows.row(begin), rows.dtype(), end - begin, rows.cols(), *stride);
  }
  const std::size_t row_bytes = rows.row_bytes();
  auto bytes = std::make_shared<AlignedVector<std::byte>>((end - begin) * row_bytes);
  std::byte* to = bytes->data();
  for (std::size_t i = begin; i < end; ++i, to += row_bytes) std::memcpy(to, rows.row(i), row_bytes);
  return {MatrixView(bytes->data(), rows.dtype(), end - begin, rows.cols()), bytes};
}

}  // namespace rattan
