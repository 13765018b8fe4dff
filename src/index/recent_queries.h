// The latest decode queries of a KV head, kept until a seal has used them as link evidence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "core/fork.h"
#include "rattan/matrix.h"
#include "rattan/types.h"

namespace rattan {

// Queries of one moment, oldest first.
struct QueryRows {
  std::vector<float> values;
  std::size_t dim = 0;
  std::uint64_t end = 0;  // rows that had been added, gone ones too

  MatrixView view() const noexcept { return {values.data(), DType::f32, dim == 0 ? 0 : values.size() / dim, dim}; }
};

// A writer adds while a sealer copies and forgets: a short lock, which no search ever meets.
class RecentQueries {
 public:
  // At most `most` rows are kept; memory is taken with the first row.
  RecentQueries(std::size_t dim, std::size_t most) : dim_(dim), most_(most) {}

  // [m, dim] of any dtype, finite. The oldest rows give way.
  void add(const MatrixView& queries);
  QueryRows copy() const;
  std::uint64_t end() const;  // of a copy
  // Rows that were added before `end` rows had been.
  void forget(std::uint64_t end = ~std::uint64_t{0}) noexcept;
  // Of them, were `added` more added.
  std::size_t bytes(std::size_t added = 0) const;

 private:
  std::size_t dim_;
  std::size_t most_;
  mutable ForkSafeMutex mutex_;
  std::vector<float> rows_;  // a ring once it is full
  std::size_t oldest_ = 0;   // row of rows_
  std::uint64_t added_ = 0;
};

}  // namespace rattan
