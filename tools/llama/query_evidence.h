// Prefill queries of one layer, evenly spaced over the tokens, that a context is built from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "rattan/matrix.h"

namespace rattan::llama {

// Rows are kept as bf16, [query_heads, key_dim] a token. When more than most_rows have come, every second one goes, and
// of those to come as many.
class QueryEvidence {
 public:
  QueryEvidence(std::size_t query_heads, std::size_t key_dim, std::size_t most_rows);

  // Queries of `tokens` tokens from position `first` on, one behind the other.
  void add(std::size_t first, std::size_t tokens, const float* queries);
  // Those of positions below `tokens` stay.
  void cut(std::size_t tokens);

  std::span<const std::int64_t> positions() const noexcept { return positions_; }
  // One matrix a query head, of a row for each position.
  std::vector<MatrixView> matrices() const;

 private:
  void thin();

  std::size_t query_heads_, key_dim_, most_rows_;
  std::size_t step_ = 1;
  std::vector<std::int64_t> positions_;
  std::vector<std::uint16_t> rows_;
};

}  // namespace rattan::llama
