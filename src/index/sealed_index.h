// An immutable base index and sealed segments behind it, over keys that somebody else holds (core/grown_rows.h).
// src/DESIGN.md section 5.
//
// Ids count from the base's first key; grown keys follow without a gap. A segment is a graph of its own keys with entry
// points of its own, stored behind the base's edges and codes, so that one walk with one beam searches base and
// segments together; segments can be taken off again from the end. Any number of threads may search at once, and none
// while it is changed: who seals beside readers seals a copy, which shares everything with the original, and hands it
// to them (core/published.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/split_rows.h"
#include "rattan/index.h"
#include "rattan/matrix.h"
#include "rattan/params.h"
#include "rattan/results.h"

namespace rattan {

// Defaults are for segments of about 2,048 keys: append and seal take 12 us a key and head (d = 128, four query heads),
// and recall behind 8,192 appended keys is at most 0.01 below that of a graph built anew over all (rattan-bench grow).
// Beams are made wider with the number of segments' entry points, at most by half. More entry points cost a code each
// per search; without codes, a key.
struct GrowthParams {
  std::size_t capacity = std::size_t{1} << 20;  // most keys, the base's included
  std::uint32_t recent_queries = 4096;          // decode query rows kept as link evidence until the next seal
  std::uint32_t links_k = 16;                   // links per such row within a segment
  double queries_per_key = 1.25;                // such rows that are linked, at most, per key of the segment
  std::uint32_t segment_entry_points = 128;
  GraphBuildParams graph;
};

class SealedIndex {
 public:
  struct Scratch;  // buffers of a search; results are in it. Grows once, then nothing is allocated.

  // base: of a kind with IndexKind::growth, over keys that never change, shared with other SealedIndexes. Sealed
  // segments have what the base has: edges and codes, codes, or nothing.
  SealedIndex(std::shared_ptr<const Index> base, const GrowthParams& params);
  ~SealedIndex();
  SealedIndex(const SealedIndex& other);
  SealedIndex& operator=(const SealedIndex&) = delete;

  // Keys from `size` on are gone. A segment that is cut is unsealed as far as it remains. Below base_size() the base
  // stays whole, and its keys from `size` on are hidden for good; then it must know its keys, unless they are in pages.
  void truncate(std::size_t size);

  // Keys [sealed(), end) become a segment, linked by `queries` ([r, d] of any dtype); end <= keys.rows(), by id. Where
  // it throws nothing has changed.
  void seal(const SplitRows& keys, std::size_t end, MatrixView queries, Executor& executor);

  // The newest segments that should be one begin at this id (index/segment_merge.h); sealed(): none should.
  std::size_t merge_begin() const;
  // They become one, linked by `queries`; where these are too few for a graph the segments stay as they are. As seal().
  void merge(const SplitRows& keys, MatrixView queries, Executor& executor);

  std::size_t base_size() const noexcept;  // visible keys of the base
  std::size_t sealed() const noexcept;     // base and segments
  bool walks() const noexcept;             // has edges: queries are evidence for segments
  const Index& base() const noexcept;
  MemoryUse memory() const;  // without the base's

  // Of it, without allocating, at any time.
  std::size_t sealed_bytes() const noexcept;
  // At most what seal(end) adds to sealed_bytes().
  std::size_t segment_bytes(std::size_t end) const noexcept;

  // Searches one group: queries [rows, d]; params as of Index::search (group is ignored). keys: visible ones by id.
  // Candidates of the base and the segments are searched by their kind, unsealed ones exactly; results(scratch, row)
  // are the k best of both, sorted. Arguments are trusted: the caller has checked them.
  SearchStats search(const SplitRows& keys, MatrixView queries, const SearchParams& params, Scratch& scratch) const;

  static std::unique_ptr<Scratch, void (*)(Scratch*)> make_scratch();
  struct Found {
    std::span<const KeyId> ids;     // best first
    std::span<const float> scores;  // exact
  };
  static Found results(Scratch& scratch, std::size_t row);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rattan
