#include "index/growing_index.h"

#include <utility>

#include "core/check.h"
#include "scan/checked_matrix.h"

namespace rattan {

GrowingIndex::GrowingIndex(std::shared_ptr<const Index> base, const GrowthParams& params)
    : base_(base),
      capacity_(params.capacity),
      sealed_(std::make_shared<const SealedIndex>(std::move(base), params)),
      keys_(base_->keys(), params.capacity - base_->size()),
      recent_(base_->dim(), sealed_.newest()->walks() ? params.recent_queries : 0) {}

void GrowingIndex::append(MatrixView keys) { append(CheckedMatrix(keys, "keys", serial_executor())); }

void GrowingIndex::append(const CheckedMatrix& checked) {
  const MatrixView& keys = checked.view();
  const MatrixView& like = base().keys();
  if (keys.dtype != like.dtype || keys.cols != like.cols) {
    fail(ErrorCode::invalid_argument, "keys are ", to_string(keys.dtype), " of dim ", keys.cols, ", allowed is ",
         to_string(like.dtype), " of dim ", like.cols, " (as the base's)");
  }
  if (keys.rows > keys_.room()) {
    fail(ErrorCode::invalid_argument, "keys has ", keys.rows, " rows, allowed is ", keys_.room(),
         " (GrowthParams::capacity is ", capacity_, ")");
  }
  keys_.append(keys);
  if (sealed_.idle()) keys_.drop_retired();
}

void GrowingIndex::keep_queries(MatrixView queries) {
  keep_queries(CheckedMatrix(queries, "queries", serial_executor()));
}

void GrowingIndex::keep_queries(const CheckedMatrix& checked) {
  const MatrixView& queries = checked.view();
  if (queries.cols != base().dim()) {
    fail(ErrorCode::invalid_argument, "queries have dim ", queries.cols, ", allowed is ", base().dim());
  }
  recent_.add(queries);
}

void GrowingIndex::truncate(std::size_t size) {
  auto cut = std::make_shared<SealedIndex>(*sealed_.newest());
  cut->truncate(size);
  sealed_.publish(std::move(cut));
  keys_.truncate(size);
}

void GrowingIndex::seal(std::size_t end, Executor& executor) {
  check_range<std::size_t>("end", end, 0, size());
  if (end <= sealed()) return;
  auto next = std::make_shared<SealedIndex>(*sealed_.newest());
  const QueryRows queries = recent_.copy();
  {
    const auto reading = sealed_.pin();  // the keys
    next->seal(keys(), end, queries.view(), executor);
  }
  sealed_.publish(std::move(next));
  recent_.forget(queries.end);
}

MemoryUse GrowingIndex::memory() const {
  const auto now = sealed_.pin();
  const std::size_t grown = keys_.rows() - keys_.base_rows();
  const std::size_t below = now->sealed() - now->base_size();
  const std::size_t row_bytes = base().keys().row_bytes();
  MemoryUse use{{{"unsealed keys", (grown - below) * row_bytes}, {"sealed keys", below * row_bytes}}};
  const MemoryUse segments = now->memory();
  use.parts.insert(use.parts.end(), segments.parts.begin(), segments.parts.end());
  if (now->walks()) use.parts.emplace_back("recent queries", recent_.bytes());
  return use;
}

}  // namespace rattan
