// The walk of graph/walk.h word for word, on sets and sorted vectors, one key at a time.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "core/top_k.h"
#include "graph/graph.h"
#include "graph/walk.h"
#include "rattan/matrix.h"
#include "rattan/results.h"

namespace rattan::test {

struct Walked {
  std::vector<std::vector<Neighbor>> results;  // one per query row
  SearchStats stats;
  std::set<KeyId> read;  // naive_walk() only: every key that was scored
};

// Scores come from `scorer`, each key and query alone.
Walked naive_walk(const Scorer& scorer, const Graph& graph, const MatrixView& queries, const WalkParams& params,
                  std::uint32_t k);

// walk() on `scratch`.
Walked walked(const Scorer& scorer, const Graph& graph, const MatrixView& queries, const WalkParams& params,
              std::uint32_t k, WalkScratch& scratch);
Walked walked(const Scorer& scorer, const Graph& graph, const MatrixView& queries, const WalkParams& params,
              std::uint32_t k);

}  // namespace rattan::test
