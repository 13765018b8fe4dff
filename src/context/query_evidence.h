// Queries of one KV head, spread evenly over its sequence, from which an index that is built anew learns what decoding
// asks: as prefill queries are to a first build.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "context/head_evidence.h"
#include "core/counted.h"
#include "core/fork.h"
#include "rattan/matrix.h"

namespace rattan {

// A writer adds while a sealer copies: a short lock, which no decode ever meets. Rounded to bf16. Copies share what
// there is, until either adds behind it.
class QueryEvidence {
 public:
  // At most `most` positions are kept, at least every second of them: every, then every second, every fourth ... of
  // those that were added. 0: none.
  QueryEvidence(std::size_t dim, std::size_t most) : dim_(dim), most_(most) {}
  QueryEvidence(const QueryEvidence& other);  // beside anything
  QueryEvidence& operator=(const QueryEvidence&) = delete;

  // Rows of all query heads, behind those there are. The same number of heads always; finite.
  void add(const HeadQueries& queries);
  // Positions from `position` on are gone.
  void truncate(std::int64_t position);
  void forget();

  // What is kept, as HeadQueries has it: every step-th position of those that were added.
  struct Copy {
    std::vector<std::uint16_t> values;  // [positions, heads, dim]
    std::vector<MatrixView> heads;
    std::vector<std::int64_t> positions;
    std::size_t step = 1;

    // Of values and positions that are there.
    void view_heads(std::size_t count, std::size_t dim);
    HeadQueries queries() const noexcept { return {heads, positions}; }
    // Rows of all heads of what was kept of `position` and later, [r, dim].
    MatrixView since(std::int64_t position) const noexcept;
  };
  Copy copy() const;
  // What another has kept, before anything is added.
  void restore(const Copy& kept);

  std::size_t rows() const;  // positions
  // Were `added` more rows of single heads added.
  std::size_t bytes(std::size_t added = 0) const;
  std::size_t inherited_bytes() const;  // of it, what the copied one holds as well

 private:
  struct Chunk {
    std::vector<std::uint16_t> values;
    std::vector<std::int64_t> positions;
  };
  static constexpr std::size_t chunk_positions = 64;

  std::size_t row() const noexcept { return heads_ * dim_; }
  std::uint16_t* add_position(std::int64_t position);
  void thin();

  std::size_t dim_;
  std::size_t most_;
  mutable ForkSafeMutex mutex_;
  std::size_t heads_ = 0;
  std::size_t step_ = 1;   // of the positions that were added
  std::size_t count_ = 0;  // of positions that were added: the kept ones are 0, step_, 2 * step_, ...
  std::size_t kept_ = 0;
  std::size_t inherited_ = 0;           // of the kept positions, in chunks of the copied one
  std::vector<Counted<Chunk>> chunks_;  // all but the last are full
};

}  // namespace rattan
