// The second half of every search by codes: keys that looked good by code are read in full, once for all rows of a
// group, and every row takes its best of them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/key_marks.h"
#include "core/top_k.h"
#include "scan/bucket_beam.h"
#include "scan/scorer.h"

namespace rattan {

// Reusable between searches; one per thread. Allocates only when it grows.
class Rerank {
 public:
  // Room for re-ranks of up to `wanted` keys for each of `rows` rows among `keys` keys, from beams that saw up to
  // `entries` keys: they allocate nothing, but where many scores tie.
  void reserve(std::size_t keys, std::size_t rows, std::size_t wanted, std::size_t entries);

  // Forgets the keys of the last search. `scorer` is kept by reference until the next start.
  void start(const Scorer& scorer);

  // Adds a key unless it was added before, and asks the memory for it.
  void add(KeyId key);

  // Adds the keys that `beam` keeps, ties of its last bucket too; the best `wanted` alone where they are more than
  // twice as many, as when all scores tie.
  void add_kept(const BucketBeam& beam, std::size_t wanted);

  // Scores the added keys for every row of `queries` (prepared with the scorer) and leaves the k best of each in
  // results[row], which is resized to the rows. Scores that overflow to NaN are left out. Returns the keys read.
  std::size_t finish(const PreparedQueries& queries, std::uint32_t k, std::vector<TopK>& results);

  // Those added since the start.
  std::span<const KeyId> keys() const noexcept { return keys_; }

 private:
  void ask(KeyId key) const;
  void keep_best(std::span<const float> scores, std::uint32_t k, TopK& best);

  const Scorer* scorer_ = nullptr;
  KeyMarks added_;
  std::vector<KeyId> keys_;
  std::vector<Neighbor> kept_;
  std::vector<const void*> rows_;
  std::vector<float> scores_;
  std::vector<std::uint32_t> positions_;
  BucketBeam buckets_;
};

}  // namespace rattan
