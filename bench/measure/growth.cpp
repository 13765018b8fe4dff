#include "bench/measure/growth.h"

#include <algorithm>

#include "bench/inputs/problem.h"
#include "bench/measure/clocks.h"
#include "bench/measure/measure.h"
#include "core/check.h"

namespace rattan::bench {
namespace {

HeadProblem problem_over(const datasets::KvGroup& group, IdRange indexed, std::uint32_t k) {
  HeadProblem problem;
  problem.group = group;
  problem.indexed = indexed;
  problem.keys = {group.keys.view.slice(indexed.begin, indexed.end - indexed.begin), group.keys.owner};
  problem.heads = group.heads();
  problem.k = k;
  return problem;
}

}  // namespace

GrowthProblem make_growth_problem(const datasets::KvGroup& source, const ProblemOptions& options, std::size_t append,
                                  std::uint32_t window, const ExactTopK& exact) {
  datasets::KvGroup group = source;
  reencode(group, options.keys_as, options.queries_as);
  const std::size_t steps = group.heads() == 0 ? 0 : group.decode_queries.front().view.rows;
  const std::size_t grown = group.keys.view.rows - group.prefill;
  if (append >= steps || append > grown || append <= window || group.prefill <= options.sinks) {
    fail(ErrorCode::invalid_argument, "--append is ", append, ", but the data has ", std::min(steps, grown),
         " decoded tokens; more than the window and less than all of them are allowed");
  }
  GrowthProblem problem;
  const auto prefill = static_cast<KeyId>(group.prefill);
  problem.appended = {group.keys.view.slice(group.prefill, append), group.keys.owner};
  problem.base = problem_over(group, {options.sinks, prefill}, options.k);
  HeadProblem& whole = problem.whole =
      problem_over(group, {options.sinks, static_cast<KeyId>(prefill + append - window)}, options.k);
  whole.steps = std::min(options.queries, steps - append);
  whole.queries = gather_steps({&group, 1}, append, whole.steps);
  whole.truth = exact.find(whole.queries.view, whole.keys.view, options.k, Metric::inner_product);
  return problem;
}

std::vector<NeighborTable> make_whole_links(const GrowthProblem& problem, const LinkOptions& options,
                                            const ExactTopK& exact) {
  std::vector<NeighborTable> links = make_links(problem.whole, options, exact);
  for (const SharedMatrix& queries : problem.whole.group.decode_queries) {
    links.push_back(exact.find(queries.view.slice(0, problem.appended.view.rows), problem.whole.keys.view, options.k,
                               Metric::inner_product));
  }
  return links;
}

std::unique_ptr<GrowingIndex> grow(std::shared_ptr<const Index> base, const GrowthProblem& problem,
                                   const GrowthOptions& options, GrowthCost& cost) {
  const MatrixView keys = problem.appended.view;
  const std::size_t first = base->size();
  const SharedMatrix queries = gather_steps({&problem.whole.group, 1}, 0, keys.rows);
  const std::size_t heads = problem.whole.heads;
  auto index = std::make_unique<GrowingIndex>(std::move(base), options.growth);
  const auto count = static_cast<double>(keys.rows);
  double sealing = 0;
  double sealing_cpu = 0;
  double appending = -wall_seconds();
  double appending_cpu = -thread_seconds();
  for (std::size_t token = 0; token < keys.rows; ++token) {
    index->append(keys.slice(token, 1));
    index->keep_queries(queries.view.slice(token * heads, heads));
    if (index->size() - index->sealed() < options.segment + options.window) continue;
    const double before = wall_seconds();
    const double cpu_before = thread_seconds();
    index->seal(index->sealed() + options.segment, serial_executor());
    const double took = wall_seconds() - before;
    sealing += took;
    sealing_cpu += thread_seconds() - cpu_before;
    cost.worst_seal_ms = std::max(cost.worst_seal_ms, took * 1e3);
    ++cost.segments;
  }
  cost.append_us = (appending + wall_seconds() - sealing) * 1e6 / count;
  cost.append_cpu_us = (appending_cpu + thread_seconds() - sealing_cpu) * 1e6 / count;
  cost.sealed = index->sealed() - first;
  // Every token is sealed once, the last ones later than this run goes: per sealed key, not per appended one.
  if (cost.sealed != 0) {
    cost.seal_us = sealing * 1e6 / static_cast<double>(cost.sealed);
    cost.seal_cpu_us = sealing_cpu * 1e6 / static_cast<double>(cost.sealed);
  }
  cost.bytes = index->memory().total();
  return index;
}

Evaluation evaluate_growth(const GrowingIndex& index, const GrowthProblem& problem, std::uint32_t beam) {
  const HeadProblem& whole = problem.whole;
  const auto scratch = GrowingIndex::make_scratch();
  NeighborTable found(whole.truth.rows(), whole.k);
  SearchParams params;
  params.k = whole.k;
  params.beam_width = beam;
  params.candidate_range = {0, static_cast<KeyId>(whole.keys.view.rows)};  // not the window
  std::vector<KeyId> start_keys;
  for (std::size_t step = 0; step < whole.steps; ++step) {
    params.start_keys = start_keys;
    found.stats.push_back(index.search(whole.step(step), params, *scratch));
    std::vector<KeyId> next;
    for (std::size_t head = 0; head < whole.heads; ++head) {
      const std::size_t row = step * whole.heads + head;
      const GrowingIndex::Found best = GrowingIndex::results(*scratch, head);
      std::ranges::copy(best.ids, found.ids(row).begin());
      std::ranges::copy(best.scores, found.scores(row).begin());
      next.insert(next.end(), best.ids.begin(), best.ids.end());
    }
    std::ranges::sort(next);
    next.erase(std::unique(next.begin(), next.end()), next.end());
    start_keys = std::move(next);
  }
  return evaluate(found, whole, beam);
}

}  // namespace rattan::bench
