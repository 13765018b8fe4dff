// One KV head of one sequence: the shared prefix, the keys and values that grew behind it, and how each is attended.
//
// Tokens count from the prefill's first. The first of them are sinks; the others are ids of a GrowingIndex, in order.
// Ids are attended in two ways:
//
//   0 .............. searched end ............ visible
//   searched, and          attended exactly: unsealed
//   the unread estimated   keys and the window
//
// Searched end: how far there are segments with clusters (of a head without clusters: segments), and never into the
// recent window. A seal moves it forward, a truncation back. A flat head searches nothing.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "clusters/key_clusters.h"
#include "context/head_prefix.h"
#include "core/reserved.h"
#include "core/split_rows.h"
#include "index/growing_index.h"
#include "rattan/context.h"

namespace rattan {

class KvHead {
 public:
  // params.capacity bounds the tokens.
  KvHead(std::shared_ptr<const HeadPrefix> prefix, const ContextParams& params);

  const HeadPrefix& prefix() const noexcept { return *prefix_; }
  std::shared_ptr<const HeadPrefix> shared_prefix() const noexcept { return prefix_; }

  // The writer, beside anything but truncate. keys and values: as many rows of the prefix's dtype and dims. Nothing has
  // changed where it throws. Tokens are visible to who knows of them: the caller publishes their number.
  void append(const CheckedMatrix& keys, const CheckedMatrix& values);
  void keep_queries(const CheckedMatrix& queries) { index_.keep_queries(queries); }
  void forget_queries() { index_.forget_queries(); }

  // Tokens from `tokens` on are gone. Beside nothing.
  void truncate(std::size_t tokens);

  // Of `tokens` tokens, how many a seal would find: neither searched nor in the window. None of a flat head.
  std::size_t sealable(std::size_t tokens) const noexcept;
  // Seals the oldest `count` of them: a segment of the index, and its clusters. One call at a time, beside append and
  // attend.
  void seal(std::size_t count, Executor& executor);

  // What this head holds, the prefix with it; recent queries apart, which may be forgotten. At any time, without
  // allocating. sealed: bytes that codes, edges and clusters are counted as at least, while some are being made.
  std::size_t held_bytes(std::size_t sealed = 0) const noexcept;
  std::size_t sealed_bytes() const noexcept { return index_.sealed_bytes() + cluster_bytes(); }
  // As many as there would be with `added` rows more.
  std::size_t recent_query_bytes(std::size_t added = 0) const { return index_.recent_query_bytes(added); }
  std::size_t token_bytes() const noexcept { return prefix_->token_bytes(); }
  // At most what seal(count) adds to held_bytes().
  std::size_t segment_bytes(std::size_t count) const noexcept;
  MemoryUse memory(std::size_t tokens) const;

  // What a decode of `tokens` tokens attends to.
  struct View {
    SplitRows keys;  // by id, visible ones
    SplitRows values;
    std::size_t sinks = 0;     // visible ones
    std::size_t window = 0;    // first id of the recent window
    std::size_t searched = 0;  // ids below are searched, the others attended exactly; 0 of a flat head
    std::span<const KeyClusters* const> clusters;  // of the ids below `searched`, unless the head has none
  };
  View view(std::size_t tokens) const noexcept;
  const GrowingIndex& index() const noexcept { return index_; }

  HeadReport report(std::size_t tokens) const;

 private:
  std::uint32_t segment_clusters(std::size_t count) const noexcept;
  void push_clusters(std::unique_ptr<const KeyClusters> clusters);
  std::size_t searched_end() const noexcept;
  std::size_t cluster_bytes() const noexcept;
  SplitRows values(std::size_t ids) const noexcept;
  std::size_t ids_of(std::size_t tokens) const noexcept { return tokens - std::min(tokens, sinks_); }
  std::size_t window_begin(std::size_t tokens) const noexcept {
    const std::size_t ids = ids_of(tokens);
    return ids - std::min(ids, recent_);
  }

  std::shared_ptr<const HeadPrefix> prefix_;
  ClusterParams cluster_params_;
  std::size_t recent_;
  std::size_t sinks_;
  GrowingIndex index_;
  std::size_t base_visible_;  // of the index's base
  std::size_t base_bytes_;    // of the prefix's index
  std::size_t grown_ = 0;     // the writer's count of rows in grown_values_
  ReservedArray<std::byte> grown_values_;

  // Consecutive ids from 0 on, the prefix's clusters first. Readers load the number, then as many pointers.
  bool clustered_;
  std::vector<std::unique_ptr<const KeyClusters>> owned_;
  ReservedArray<const KeyClusters*> clusters_;
  std::atomic<std::size_t> cluster_count_{0};
};

}  // namespace rattan
