// Attention of the held-out decode steps of one KV head with part of its keys retrieved: as a Context does it, by the
// same budget loop, estimate and merge, but for the search, and judged by float64.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "attention/budget_loop.h"
#include "bench/inputs/problem.h"
#include "clusters/key_clusters.h"
#include "evaluate/exact_softmax.h"
#include "rattan/attention.h"
#include "rattan/executor.h"
#include "rattan/results.h"

namespace rattan::bench {

// Means over all query rows.
struct AttendOutcome {
  double keys = 0;            // retrieved keys attended to
  double mass = 0;            // their share of the indexed keys' softmax mass
  double unread = 0;          // share of the softmax of all visible keys that was not read
  double output_error = 0;    // |o - o'| / |o|; NaN without values
  double estimate_error = 0;  // |estimated - true| of the unread keys' log mass; NaN where nothing is estimated
};

// The k best keys of query rows of one decode step, from an index or exactly: row i of the result is of rows[i].
using Retrieve = std::function<NeighborTable(std::span<const std::size_t> rows, std::uint32_t k)>;

class AttendRun {
 public:
  // clusters: of the indexed keys, made where `with_clusters`: for estimates and epsilon budgets. Borrows the problem.
  AttendRun(const HeadProblem& problem, bool with_clusters, std::uint32_t clusters, std::uint64_t seed,
            Executor& executor);

  // The first search is for budget.k keys.
  AttendOutcome run(const Budget& budget, const Retrieve& retrieve);

 private:
  // What was read for one query row.
  struct Read {
    std::size_t keys = 0;
    double lse = 0;         // of them
    double unread_lse = 0;  // estimated, of the others
  };

  bool retrieve(std::size_t step, const Budget& budget, const Retrieve& retrieve);
  Read attended(std::size_t row, bool retrieved);
  void judge(std::size_t row, const Read& read, bool estimated, AttendOutcome& sums) const;

  const HeadProblem& problem_;
  MatrixView values_;  // of the indexed keys; the keys where there are none
  KeyClusters clusters_;
  ExactSoftmax exact_;
  UnreadEstimate estimate_;
  BudgetLoop loop_;
  AttentionScratch scratch_;
  std::vector<float> outputs_;
  std::vector<AttentionPart> parts_;  // by query row of the step: over the indexed keys
};

}  // namespace rattan::bench
