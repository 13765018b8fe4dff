// Clusters of keys that stand for those a decode step does not read: each is its centroid's softmax weight times the
// number, and the sum of values, of its unread keys.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/split_rows.h"
#include "rattan/attention.h"
#include "rattan/executor.h"
#include "rattan/index.h"
#include "rattan/matrix.h"

namespace rattan {

struct ClusterParams {
  std::uint32_t clusters = 1024;  // at most one per 16 keys
  std::uint32_t iterations = 8;
  std::uint64_t seed = 1;
  Executor* executor = nullptr;
};

// Keys [first_id, first_id + keys.rows) of a head. Immutable.
class KeyClusters {
 public:
  KeyClusters() = default;  // no clusters, no keys
  KeyClusters(MatrixView keys, MatrixView values, KeyId first_id, const ClusterParams& params);

  std::size_t clusters() const noexcept;
  IdRange ids() const noexcept;
  std::uint32_t cluster_of(KeyId id) const noexcept;
  std::size_t bytes() const noexcept;
};

// What was retrieved for one query row.
struct Retrieved {
  std::span<const KeyId> ids;
  std::span<const float> scores;  // unscaled
};

struct TailScratch;

// Attention of a group of query rows over the keys they retrieved and an estimate of those they did not: parts[i] is
// the attention over retrieved[i].ids exactly and over the other keys of `clusters` (base and blocks, disjoint id
// ranges) by estimate; without clusters over the retrieved keys alone. queries: [1..8, d]. values: rows by id.
// unread[i]: estimated natural-log sum of exp(scale * score) over the unread keys of row i; -infinity where none.
void attend_retrieved(MatrixView queries, SplitRows values, std::span<const Retrieved> retrieved,
                      std::span<const KeyClusters* const> clusters, double scale, std::span<AttentionPart> parts,
                      std::span<float> unread, TailScratch& scratch);

}  // namespace rattan
