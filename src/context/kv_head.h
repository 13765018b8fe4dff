// One KV head of one sequence: the keys and values of its tokens, those of the shared prefix first, and how each is
// attended.
//
// Tokens count from the sequence's first. The first of them are sinks; the others are ids, in order. Ids are attended
// in two ways:
//
//   0 .............. searched end ............ visible
//   searched, and          attended exactly: unsealed
//   the unread estimated   keys and the window
//
// The searched end never reaches into the recent window. A seal moves it forward, a truncation back. A flat head
// searches nothing. A head that has outgrown its index is promoted: kind, clusters and width are chosen anew. Readers
// hold on to the generation that they began with.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "clusters/key_clusters.h"
#include "context/generation.h"
#include "context/head_build.h"
#include "context/head_prefix.h"
#include "context/memory_limit.h"
#include "context/query_evidence.h"
#include "core/fork.h"
#include "core/grown_rows.h"
#include "core/published.h"
#include "core/split_rows.h"
#include "index/recent_queries.h"
#include "rattan/context.h"

namespace rattan {

class KvHead {
 public:
  // params.capacity bounds the tokens.
  // pages: where all tokens lie, those of the prefix, which has forgotten its rows, and those to come; null: those to
  // come are copied.
  KvHead(std::shared_ptr<const HeadPrefix> prefix, const ContextParams& params, const HeadPages* pages = nullptr);

  // Another sequence that goes on from the first `tokens` tokens of `other`, which it shares with it. Beside anything
  // but truncate. generation: as other.generation() was at a moment when it had no more tokens.
  KvHead(const KvHead& other, std::size_t tokens, std::shared_ptr<const Generation> generation);
  std::shared_ptr<const Generation> generation() const { return generation_.pin().share(); }

  // Rows of the prefill. Its index is another where one has come later: see take().
  const HeadPrefix& prefix() const noexcept { return *prefix_; }
  std::shared_ptr<const HeadPrefix> shared_prefix() const noexcept { return prefix_; }

  // The rows that a build of the prefill works on. Beside anything but truncate.
  HeadRows prefill_rows() const;
  // What is searched from now on, over the same ids as the prefix's index, in the place of that. A sealer, before the
  // first seal.
  void take(std::shared_ptr<const HeadIndex> index);
  // None will come: the head is promoted as soon as it may be.
  void give_up_build() noexcept { judged_.store(0); }
  bool gave_up_build() const noexcept { return judged_.load() == 0 && generation_.pin()->index().base_size() != 0; }

  // The writer, beside anything but truncate. keys and values: as many rows of the prefix's dtype and dims. Nothing has
  // changed where it throws. Tokens are visible to who knows of them: the caller publishes their number.
  void append(const CheckedMatrix& keys, const CheckedMatrix& values);
  // The same of tokens in pages, which are told and not copied: place(), where all that there are must be, and then
  // grow(), which cannot fail.
  bool paged() const noexcept { return keys_.paged(); }
  void place(const HeadPages& pages);
  void grow(std::size_t rows) noexcept;
  // Evidence for the next segment.
  void keep_queries(const CheckedMatrix& queries);
  // Evidence for the next generation: one matrix per query head.
  void keep_evidence(const HeadQueries& queries) { evidence_.add(queries); }
  void forget_queries();
  QueryEvidence::Copy kept_queries() const { return evidence_.copy(); }
  void restore_queries(const QueryEvidence::Copy& kept) { evidence_.restore(kept); }

  // All that append() of so many rows may fail for. Throws std::bad_alloc, then nothing has changed.
  void reserve(std::size_t rows);
  // Tokens from `tokens` on are gone. Beside nothing. In two halves: all that may fail, and what cannot.
  struct Truncation {
    std::shared_ptr<const Generation> next;
    Published<Generation>::Prepared published;  // null: what is searched stays
    bool lost = false;                          // the promoted index
  };
  Truncation prepare_truncation(std::size_t tokens);
  void truncate(std::size_t tokens, Truncation prepared) noexcept;
  void truncate(std::size_t tokens) { truncate(tokens, prepare_truncation(tokens)); }

  // Of `tokens` tokens, how many are neither searched nor in the window, and how many of them a seal would find: none
  // of a flat head.
  std::size_t unsearched(std::size_t tokens) const noexcept;
  std::size_t sealable(std::size_t tokens) const noexcept;
  // What is searched from now on, made beside append and attend, and published by what cannot fail. One sealer at a
  // time; what was prepared last is the one that can be published.
  struct Sealing {
    Published<Generation>::Prepared published;  // null: what is searched stays
    std::uint64_t queries_end = 0;              // recent queries before it were used
    std::optional<std::size_t> promoted;        // ids it was chosen for
  };
  // Seals the oldest `count` of them: a segment of the index, and its clusters. Where there are many segments then,
  // some become one.
  Sealing prepare_seal(std::size_t count, Executor& executor);
  void publish(Sealing prepared) noexcept;
  void seal(std::size_t count, Executor& executor) { publish(prepare_seal(count, executor)); }

  // Whether there are so many more ids outside the window than the head was last built for that it should be promoted:
  // such a part of them, and as many as an index is worth having for.
  bool outgrown(std::size_t tokens, Outgrown part = Outgrown::by_half) const noexcept;
  // What a promotion would make of `tokens` tokens. Nothing: the head would search no better than it does; `remark`
  // says why.
  std::optional<HeadFit> fit_promotion(std::size_t tokens, const MemoryShare& share, std::string& remark) const;
  // Builds the next generation over all ids of `tokens` tokens that are outside the window, linked by the evidence.
  Sealing prepare_promotion(std::size_t tokens, const HeadFit& fit, const ExactTopK& exact, Executor& executor);
  // Not before the head has grown by half again.
  void put_off_promotion(std::size_t tokens) noexcept { judged_.store(window_begin(tokens)); }
  void set_remark(std::string remark) noexcept;  // of report()

  // What this head holds, the prefix with it; recent queries apart, which may be forgotten. At any time, without
  // allocating. sealed: bytes that codes, edges and clusters are counted as at least, while some are being made.
  std::size_t held_bytes(std::size_t sealed = 0) const noexcept;
  std::size_t sealed_bytes() const noexcept;
  // The same where a promotion has made `fit`.
  std::size_t promoted_bytes(const HeadFit& fit) const noexcept { return fit.bytes + first_bytes_.load(); }
  // As many as there would be with `added` rows more.
  std::size_t recent_query_bytes(std::size_t added = 0) const;
  // That a token takes which is appended.
  std::size_t token_bytes() const noexcept { return paged() ? 0 : prefix_->token_bytes(); }
  // At most what seal(count) adds to held_bytes().
  std::size_t segment_bytes(std::size_t count) const noexcept;
  MemoryUse memory(std::size_t tokens) const;

  // What a decode of `tokens` tokens attends to.
  struct View {
    SplitRows token_keys;  // by token, visible ones
    SplitRows token_values;
    SplitRows keys;  // the same by id
    SplitRows values;
    std::size_t sinks = 0;     // visible ones
    std::size_t window = 0;    // first id of the recent window
    std::size_t searched = 0;  // ids below are searched, the others attended exactly; 0 of a flat head
    std::span<const KeyClusters* const> clusters;  // of the ids below `searched`, unless the head has none
    Published<Generation>::Pin generation;
  };
  View view(std::size_t tokens) const noexcept;

  HeadReport report(std::size_t tokens) const;

 private:
  std::size_t sinks_of(std::size_t tokens) const noexcept { return std::min(tokens, sinks_); }
  std::size_t ids_of(std::size_t tokens) const noexcept { return tokens - sinks_of(tokens); }
  std::size_t window_begin(std::size_t tokens) const noexcept {
    const std::size_t ids = ids_of(tokens);
    return ids - std::min<std::size_t>(ids, params_.recent);
  }
  void drop_retired() noexcept;
  std::shared_ptr<const Generation> merged(std::shared_ptr<const Generation> sealed, Executor& executor) const;
  // Of the first `tokens`, without the sinks.
  SplitRows keys_by_id(std::size_t tokens) const noexcept;
  SplitRows values_by_id(std::size_t tokens) const noexcept;
  // Of the prefill's tokens, as truncations below what came later need it.
  std::shared_ptr<const HeadIndex> first_index() const;
  std::size_t inherited_bytes(const Generation& now, std::size_t rows) const noexcept;

  std::shared_ptr<const HeadPrefix> prefix_;
  ContextParams params_;
  std::size_t sinks_;
  std::shared_ptr<const HeadIndex> first_;  // the prefix's, or what has come later; with telling_
  std::atomic<std::size_t> first_bytes_;    // of that index and its clusters
  GrownRows keys_;                          // by token
  GrownRows values_;
  RecentQueries recent_;
  QueryEvidence evidence_;
  Published<Generation> generation_;
  std::shared_ptr<const Generation> inherited_;  // of a fork: what it began with
  std::atomic<std::size_t> judged_;  // ids that the newest was chosen for, or that it was decided to stay for

  mutable ForkSafeMutex telling_;
  std::string remark_;  // of report()
};

}  // namespace rattan
