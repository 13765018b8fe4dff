// What `attend` retrieves: the best keys of query rows, exactly or through an index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "bench/inputs/kinds.h"
#include "bench/inputs/problem.h"
#include "bench/measure/measure.h"
#include "rattan/exact_topk.h"
#include "rattan/executor.h"
#include "rattan/results.h"

namespace rattan::bench {

class AttendRetrieval {
 public:
  // index: "exact" or a variant. width: its beam width or probes; 0: twice k, or a sixteenth of the lists. Borrows the
  // problem, whose truth is as long as any k that is asked, or all keys, and the executor. Throws UsageError for a
  // variant that is not there.
  AttendRetrieval(const HeadProblem& problem, const std::string& index, std::uint32_t width,
                  const BuildOptions& options, const ExactTopK& exact, Executor& executor);

  // Of every query row, and judged.
  const NeighborTable& all(std::uint32_t k);
  Evaluation evaluation(std::uint32_t k);

  // Of `rows` of problem.queries, which belong to one step: what all() has found where that was asked for k last, else
  // by a search of their own, without seeds.
  NeighborTable of_rows(std::span<const std::size_t> rows, std::uint32_t k) const;

  bool searches() const noexcept { return built_.index != nullptr; }

 private:
  HeadProblem problem_at(std::uint32_t k) const;
  SearchSetup setup_for(std::uint32_t k) const;

  const HeadProblem& problem_;
  Executor& executor_;
  SearchSetup setup_;
  BuiltIndex built_;
  NeighborTable all_;
};

}  // namespace rattan::bench
