// One KV head's keys as they grow: a SealedIndex with the keys behind its base and the queries that link segments.
// One writer (append, keep_queries, truncate), one sealer at a time beside it, any number of readers; readers take no
// lock. A key is visible when append has returned, and whole.
#pragma once

#include <cstddef>
#include <memory>

#include "core/grown_rows.h"
#include "core/published.h"
#include "index/recent_queries.h"
#include "index/sealed_index.h"

namespace rattan {

class GrowingIndex {
 public:
  using Scratch = SealedIndex::Scratch;
  using Found = SealedIndex::Found;

  // As SealedIndex.
  GrowingIndex(std::shared_ptr<const Index> base, const GrowthParams& params);

  // The writer. keys: [m, d] of the base's dtype, finite, copied. Throws Error(invalid_argument), also where capacity
  // is exceeded; then nothing was appended.
  void append(MatrixView keys);
  void append(const CheckedMatrix& keys);
  // Decode queries, [m, d] of any dtype: evidence for the next seal. The oldest are forgotten where there are too many.
  void keep_queries(MatrixView queries);
  void keep_queries(const CheckedMatrix& queries);
  void forget_queries() { recent_.forget(); }
  // As SealedIndex::truncate.
  void truncate(std::size_t size);  // beside nothing

  // Keys [sealed(), end) become a segment; end <= size(). Beside append and searches, one call at a time.
  void seal(std::size_t end, Executor& executor);

  std::size_t size() const noexcept { return keys_.rows(); }  // visible keys
  std::size_t base_size() const noexcept { return sealed_.pin()->base_size(); }
  std::size_t sealed() const noexcept { return sealed_.pin()->sealed(); }
  const Index& base() const noexcept { return *base_; }
  SplitRows keys() const noexcept { return keys_.view(keys_.rows()); }  // visible ones
  MemoryUse memory() const;                                             // without the base's

  // Of it, without allocating, at any time: codes, edges and entry points; and recent queries, were `added` rows added.
  std::size_t sealed_bytes() const noexcept { return sealed_.pin()->sealed_bytes(); }
  std::size_t recent_query_bytes(std::size_t added = 0) const { return recent_.bytes(added); }
  std::size_t segment_bytes(std::size_t end) const noexcept { return sealed_.pin()->segment_bytes(end); }

  // As SealedIndex::search, over all keys.
  SearchStats search(MatrixView queries, const SearchParams& params, Scratch& scratch) const {
    const auto now = sealed_.pin();
    return now->search(keys(), queries, params, scratch);
  }
  static std::unique_ptr<Scratch, void (*)(Scratch*)> make_scratch() { return SealedIndex::make_scratch(); }
  static Found results(Scratch& scratch, std::size_t row) { return SealedIndex::results(scratch, row); }

 private:
  std::shared_ptr<const Index> base_;
  std::size_t capacity_;
  Published<SealedIndex> sealed_;
  GrownRows keys_;
  RecentQueries recent_;
};

}  // namespace rattan
