// What one KV head searches: an index, the segments that were sealed behind it, and the clusters of both. Readers have
// one that does not change; who seals or truncates does so to a copy, which shares with the original what it can.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "clusters/key_clusters.h"
#include "context/head_prefix.h"
#include "core/split_rows.h"
#include "index/sealed_index.h"
#include "rattan/context.h"

namespace rattan {

class Generation {
 public:
  Generation(std::shared_ptr<const HeadIndex> base, const ContextParams& params);

  const HeadIndex& base() const noexcept { return *base_; }
  const HeadChoice& choice() const noexcept { return base_->choice; }
  const SealedIndex& index() const noexcept { return index_; }

  // Ids below are searched, those from there on attended exactly: how far there are segments with clusters (of a head
  // without clusters: segments); 0 of a flat head.
  std::size_t searched_end() const noexcept;
  // Of them, those below `window`, and their clusters: of consecutive ids from 0 on, none of a head without clusters.
  std::size_t searched(std::size_t window) const noexcept;
  std::span<const KeyClusters* const> clusters(std::size_t window) const noexcept;

  // The next `count` ids are sealed: a segment of the index, linked by the queries, [r, d], and its clusters. keys,
  // values: by id.
  void seal(const SplitRows& keys, const SplitRows& values, std::size_t count, const MatrixView& queries,
            Executor& executor);

  // Whether there are more segments, or more blocks of their clusters, than there should be.
  bool merges() const;
  // Makes one of several. queries: those kept of tokens from id index().merge_begin() on, [r, d]; where there are too
  // few for a graph the segments stay as they are. Keys are searched as before, by ids as before.
  void merge(const SplitRows& keys, const SplitRows& values, MatrixView queries, Executor& executor);

  // Ids from `end` on are gone. Those from `window` on are not searched any more.
  void truncate(std::size_t end, std::size_t window, const SplitRows& keys, const SplitRows& values);

  // Bytes of the index, its segments and the clusters; of it, those of clusters.
  std::size_t bytes() const noexcept { return base_bytes_ + index_.sealed_bytes() + cluster_bytes(); }
  std::size_t cluster_bytes() const noexcept;
  // At most what seal(count) adds to them.
  std::size_t segment_bytes(std::size_t count) const noexcept;
  MemoryUse memory() const;  // the same by part

 private:
  std::uint32_t segment_clusters(std::size_t count) const noexcept;
  std::uint32_t share_of_clusters(std::size_t keys, std::size_t end) const noexcept;
  std::size_t cluster_merge_begin() const;
  void cluster(const SplitRows& keys, const SplitRows& values, IdRange ids, std::uint32_t clusters,
               const KeyClusters* alike, Executor& executor);
  void add_clusters(std::shared_ptr<const KeyClusters> clusters);

  std::shared_ptr<const HeadIndex> base_;
  ClusterParams cluster_params_;
  std::size_t base_bytes_;  // of the base's index
  SealedIndex index_;
  bool clustered_;
  std::vector<std::shared_ptr<const KeyClusters>> owned_;  // of consecutive ids from 0 on, the base's first
  std::vector<const KeyClusters*> clusters_;               // the same
};

}  // namespace rattan
