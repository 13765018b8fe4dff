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

// More than any model has; bounds what a small file with empty-handed heads can ask for.
inline constexpr std::size_t max_query_heads = 1024;

// What files of bare vectors do not say: where the prefill ends and how many query heads share a KV head.
// Files that do say it (safetensors) must agree with what is given here.
struct QuerySplit {
  // Without `prefill` (or where no key is behind it) the last min(max_decode, rows / decode_divisor) query rows of a
  // head, at least one, are decode rows.
  std::size_t max_decode = 1024;
  std::size_t decode_divisor = 16;
  std::size_t prefill = 0;  // keys of the prefill; 0: not given
  std::size_t group = 0;    // query heads per KV head; 0: not given

  void validate() const;
};

}  // namespace rattan::datasets
