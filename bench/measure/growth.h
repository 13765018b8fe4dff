// How keys grow behind a built index: what an appended token costs, seals included, and what searches find afterwards
// beside an index built anew over all keys.
#pragma once

#include <cstddef>
#include <memory>

#include "bench/inputs/kinds.h"
#include "bench/inputs/problem.h"
#include "bench/measure/evaluation.h"
#include "index/growing_index.h"

namespace rattan::bench {

struct GrowthOptions {
  std::size_t append = 8192;   // decoded tokens that grow behind the prefill
  std::size_t segment = 1024;  // keys of a segment, sealed once they and the window lie behind the last segment
  std::uint32_t window = 512;  // last keys: neither sealed nor candidates
  GrowthParams growth;
};

// One KV head: its prefill, the tokens that follow it, and the decode steps behind those that are asked.
struct GrowthProblem {
  HeadProblem base;   // keys: the prefill without sinks
  HeadProblem whole;  // keys: those and the appended ones but for the window; queries, truth and steps: those asked
  SharedMatrix appended;
};

// Throws Error(invalid_argument) where the data has too few decoded tokens.
GrowthProblem make_growth_problem(const datasets::KvGroup& group, const ProblemOptions& options, std::size_t append,
                                  std::uint32_t window, const ExactTopK& exact);

// Links of the whole: those of the prefill's queries, and of the decode queries of the appended tokens.
std::vector<NeighborTable> make_whole_links(const GrowthProblem& problem, const LinkOptions& options,
                                            const ExactTopK& exact);

struct GrowthCost {
  double append_us = 0;      // per key: append() of single tokens and keep_queries() of theirs; wall time
  double append_cpu_us = 0;  // the same in time of that thread
  double seal_us = 0;        // per key sealed, wall time of all seals on one thread
  double seal_cpu_us = 0;    // the same in time of that thread
  double worst_seal_ms = 0;
  std::size_t segments = 0;
  std::size_t sealed = 0;   // keys in them
  std::uint64_t bytes = 0;  // of everything grown, keys included
};

// Appends token by token with each token's decode queries and seals on the calling thread.
std::unique_ptr<GrowingIndex> grow(std::shared_ptr<const Index> base, const GrowthProblem& problem,
                                   const GrowthOptions& options, GrowthCost& cost);

// All steps as group searches, each with start keys of the one before.
Evaluation evaluate_growth(const GrowingIndex& index, const GrowthProblem& problem, std::uint32_t beam);

}  // namespace rattan::bench
