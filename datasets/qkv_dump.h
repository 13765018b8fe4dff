// Q, K, V of attention layers, as dumped from a model.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "datasets/kv_group.h"

namespace rattan::datasets {

// What holds them: a folder of `layer_*.safetensors` (q [Hq,n,d], k [Hkv,n,d], v [Hkv,n,dv], q_pos), one such file, or
// shards with a *.index.json; a folder of K_{layer}_{kv}.npy / Q_{layer}_{head}.npy (V_ optional); bare vectors of one
// head: keys.* and queries.* in a folder, or the path KEYS+QUERIES, in npy, fbin, f16bin or fvecs; an HDF5 file of VIBE
// or ann-benchmarks. Files are memory-mapped (HDF5: read) and must not shrink while the dump or a group of it lives.
// Details and every rule: datasets/README.md section 2.
class QkvDump {
 public:
  // Throws Error(not_found, io, corrupt, unsupported, invalid_argument) naming the file, the tensor and what disagrees;
  // for a file of another kind, what it is and what takes it.
  static QkvDump open(const std::filesystem::path& path, const QuerySplit& split = {});

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
