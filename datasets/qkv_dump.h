// Q, K, V of attention layers, as dumped from a model or made by the generator. GQA groups are part of the type.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
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

// A folder of `layer_*.safetensors` (q [Hq,n,d], k [Hkv,n,d], v, q_pos), one such file, or a
// folder of K_{layer}_{head}.npy / Q_{layer}_{head}.npy pairs (V_ optional), where each pair is a group of one query
// head with softmax scale d^-0.5. Files are memory-mapped and must not shrink while the dump or a group of it lives;
// opening reads headers and positions only. Details and every rule: datasets/README.md section 2.
class QkvDump {
 public:
  // Throws Error(not_found, io, corrupt, unsupported, invalid_argument) naming the file, the tensor and what disagrees.
  static QkvDump open(const std::filesystem::path& path, const NpySplit& split = {});

  std::vector<int> layers() const;  // ascending

  // Both throw Error(invalid_argument) if the dump has no such layer or head. kv_head counts from 0 to
  // kv_heads(layer) - 1; npy pairs count in the order of their head numbers, which may have gaps.
  std::size_t kv_heads(int layer) const;
  KvGroup group(int layer, int kv_head) const;

 private:
  struct Layer;
  const Layer& at(int layer) const;

  std::vector<std::shared_ptr<const Layer>> layers_;
};

// Writes `groups` (one layer, in the order of their KV heads) as `folder`/layer_NN.safetensors, atomically; makes the
// folder where it is missing. All must agree in rows, dim, heads, dtypes, prefill, scale and positions, else
// Error(invalid_argument). QkvDump::open reads the same groups back. Returns the file's path.
std::filesystem::path write_dump(const std::filesystem::path& folder, int layer, std::span<const KvGroup> groups);

}  // namespace rattan::datasets
