// Runs the held-out decode steps of one KV head through an index, one step after the other.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/inputs/kinds.h"
#include "bench/inputs/problem.h"
#include "bench/measure/evaluation.h"

namespace rattan::bench {

// How a variant's index is asked, apart from the bisected width.
struct SearchSetup {
  Variant variant = {};
  std::uint32_t setting = 0;              // the width; ignored where there is no knob
  double expansions_per_width = 0;        // graph: limit on expansions as a multiple of the width; 0: no limit
  std::uint32_t start_keys_per_head = 0;  // variants with start keys: best results of the previous step used; 0: all
};

SearchParams search_params(const SearchSetup& setup, const HeadProblem& problem);

// Asks the steps in order and remembers what the next one starts from.
class StepSearch {
 public:
  // References are kept: both must outlive the object.
  StepSearch(const Index& index, const HeadProblem& problem, const SearchSetup& setup);

  // Everything but the index search itself stays outside `seconds`. Returns heads x k.
  NeighborTable run(std::size_t step, double* seconds = nullptr);

 private:
  NeighborTable run_head(std::size_t step, std::size_t head, double* seconds);
  void remember(const NeighborTable& found, std::vector<KeyId>& start_keys) const;

  const Index& index_;
  const HeadProblem& problem_;
  SearchSetup setup_;
  SearchParams params_;
  std::vector<std::vector<KeyId>> seeds_;  // one list per search of a step
};

// All steps. The table has a row per query row and one stats entry per search.
NeighborTable search_all_steps(const Index& index, const HeadProblem& problem, const SearchSetup& setup,
                               Executor& executor);

Evaluation evaluate(const NeighborTable& found, const HeadProblem& problem, std::uint32_t setting);

struct Quality {
  double mass;          // mean share of the indexed keys' attention mass that was found
  double output_error;  // mean |o - o'| / |o|; NaN without values
};

// Over `steps` evenly spaced decode steps; 0 steps: both NaN.
Quality measure_quality(const NeighborTable& found, const HeadProblem& problem, std::size_t steps, Executor& executor);

}  // namespace rattan::bench
