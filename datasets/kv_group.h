// Q, K and V of one KV head with the query heads that share it: what dumps hold and the generator makes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "rattan/matrix.h"

namespace rattan::datasets {

// One KV head with the query heads that share it. Matrices are [rows, d], post-RoPE, borrowed from `owner` inside.
struct KvGroup {
  int layer = 0;
  int kv_head = 0;
  std::size_t prefill = 0;   // keys of the prefill; later key rows belong to decoded tokens
  double softmax_scale = 0;  // logits are softmax_scale * <q, k>
  std::string source;        // provenance for result rows, e.g. "trained 23M", "synthetic seed=1 ..."

  SharedMatrix keys;                            // [n, d]; row i is position i
  SharedMatrix values;                          // [n, d] or without rows
  std::vector<SharedMatrix> prefill_queries;    // one [rows, d] per query head
  std::vector<SharedMatrix> decode_queries;     // one [rows, d] per query head, same number of rows each
  std::vector<std::int64_t> prefill_positions;  // position of each prefill query row; the same for all heads
  std::vector<std::int64_t> decode_positions;

  std::size_t heads() const noexcept { return decode_queries.size(); }
  std::size_t dim() const noexcept { return keys.view.cols; }
};

// How the query rows of an npy pair are split, since the files do not say it: the last
// min(max_decode, rows / decode_divisor) rows, at least one, are decode rows. If Q and K have the same number of rows,
// row i of both is position i and K's rows from the first decode row on are decoded tokens. Else every key counts as
// prefill and every query as standing at the last key.
struct NpySplit {
  std::size_t max_decode = 1024;
  std::size_t decode_divisor = 16;

  void validate() const;
};

}  // namespace rattan::datasets
