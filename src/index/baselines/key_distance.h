// Distances between keys with the kernels that searches score with.
#pragma once

#include <cstdint>

#include "index/baselines/builders.h"
#include "scan/scorer.h"

namespace rattan {

// `keys` are borrowed. One side of a score must be in query form. An insertion holds one side fixed for many calls,
// sometimes the first and sometimes the second, so the last key on either side is kept in query form, once per thread.
class ScoredDistance final : public detail::KeyDistance {
 public:
  ScoredDistance(const MatrixView& keys, Metric metric);

  // Infinity where the score is NaN (products of huge keys), which would break the order of a heap.
  float between(KeyId a, KeyId b) const override;

 private:
  void prepare(KeyId id, PreparedQueries& query) const;
  float distance_to(const PreparedQueries& query, KeyId key) const;

  Scorer scorer_;
  std::uint64_t number_;
};

}  // namespace rattan
