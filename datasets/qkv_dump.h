// Q, K, V of attention layers, as dumped from a model or made by the generator. GQA groups are part of the type.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
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

// A folder of `layer_*.safetensors` (../shared/data/README.md: q [Hq,n,d], k [Hkv,n,d], v, q_pos), one such file, or a
// folder of K_{layer}_{head}.npy / Q_{layer}_{head}.npy pairs. Files are memory-mapped; opening reads headers only.
class QkvDump {
 public:
  // Throws Error(not_found, io, corrupt, invalid_argument) naming the file, the tensor and what disagrees.
  static QkvDump open(const std::filesystem::path& path);

  std::vector<int> layers() const;  // ascending
  std::size_t kv_heads(int layer) const;
  KvGroup group(int layer, int kv_head) const;  // Error(invalid_argument) if the dump has no such layer or head

 private:
  struct Layer;
  std::vector<std::shared_ptr<const Layer>> layers_;
};

}  // namespace rattan::datasets
