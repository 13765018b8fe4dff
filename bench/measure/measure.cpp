#include "bench/measure/measure.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "rattan/evaluate.h"

namespace rattan::bench {
namespace {

void copy_rows(const NeighborTable& from, std::size_t from_row, NeighborTable& to, std::size_t to_row,
               std::size_t rows) {
  for (std::size_t row = 0; row < rows; ++row) {
    std::ranges::copy(from.ids(from_row + row), to.ids(to_row + row).begin());
    std::ranges::copy(from.scores(from_row + row), to.scores(to_row + row).begin());
  }
}

double mean(const std::vector<double>& values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

SearchParams search_params(const SearchSetup& setup, const HeadProblem& problem) {
  SearchParams params;
  params.k = problem.k;
  params.group = setup.variant.group ? static_cast<std::uint32_t>(problem.heads) : 1;
  params.executor = &serial_executor();
  if (!setup.variant.codes) params.rerank = 0;
  if (const WidthKnob knob = setup.variant.knob()) params.*knob.param = setup.setting;
  if (setup.variant.build == BuildKind{"graph"} && setup.expansions_per_width > 0) {
    params.expansions = std::max(
        1U, static_cast<std::uint32_t>(std::lround(setup.expansions_per_width * static_cast<double>(setup.setting))));
  }
  return params;
}

StepSearch::StepSearch(const Index& index, const HeadProblem& problem, const SearchSetup& setup)
    : index_(index),
      problem_(problem),
      setup_(setup),
      params_(search_params(setup, problem)),
      seeds_(setup.variant.group ? 1 : problem.heads) {}

NeighborTable StepSearch::run(std::size_t step, double* seconds) {
  if (seconds != nullptr) *seconds = 0;
  if (setup_.variant.group) return run_head(step, 0, seconds);
  NeighborTable all(problem_.heads, problem_.k);
  for (std::size_t head = 0; head < problem_.heads; ++head) {
    const NeighborTable found = run_head(step, head, seconds);
    copy_rows(found, 0, all, head, 1);
    all.stats.insert(all.stats.end(), found.stats.begin(), found.stats.end());
  }
  return all;
}

NeighborTable StepSearch::run_head(std::size_t step, std::size_t head, double* seconds) {
  std::vector<KeyId>& start_keys = seeds_[head];
  params_.start_keys = start_keys;
  const MatrixView queries = problem_.step(step).slice(head, setup_.variant.group ? problem_.heads : 1);
  const auto start = std::chrono::steady_clock::now();
  NeighborTable found = index_.search(queries, params_);
  const auto end = std::chrono::steady_clock::now();
  if (seconds != nullptr) *seconds += std::chrono::duration<double>(end - start).count();
  if (setup_.variant.with_start_keys) remember(found, start_keys);
  return found;
}

void StepSearch::remember(const NeighborTable& found, std::vector<KeyId>& start_keys) const {
  start_keys.clear();
  for (std::size_t row = 0; row < found.rows(); ++row) {
    std::size_t count = found.count(row);
    if (setup_.start_keys_per_head != 0) count = std::min<std::size_t>(count, setup_.start_keys_per_head);
    const auto ids = found.ids(row).first(count);
    start_keys.insert(start_keys.end(), ids.begin(), ids.end());
  }
}

NeighborTable search_all_steps(const Index& index, const HeadProblem& problem, const SearchSetup& setup,
                               Executor& executor) {
  if (!setup.variant.with_start_keys) {
    SearchParams params = search_params(setup, problem);
    params.executor = &executor;
    return index.search(problem.queries.view, params);
  }
  StepSearch search(index, problem, setup);
  NeighborTable all(problem.steps * problem.heads, problem.k);
  for (std::size_t step = 0; step < problem.steps; ++step) {
    const NeighborTable found = search.run(step);
    copy_rows(found, 0, all, step * problem.heads, problem.heads);
    all.stats.insert(all.stats.end(), found.stats.begin(), found.stats.end());
  }
  return all;
}

Evaluation evaluate(const NeighborTable& found, const HeadProblem& problem, std::uint32_t setting) {
  const std::vector<double> recalls = recall_per_row(found, problem.truth);
  Evaluation result;
  result.setting = setting;
  result.recall = mean(recalls);
  result.recall_worst_head = 1;
  for (std::size_t head = 0; head < problem.heads; ++head) {
    double sum = 0;
    for (std::size_t row = head; row < recalls.size(); row += problem.heads) sum += recalls[row];
    result.recall_worst_head = std::min(result.recall_worst_head, sum / static_cast<double>(problem.steps));
  }
  SearchStats total;
  for (const SearchStats& stats : found.stats) total += stats;
  const double steps = static_cast<double>(problem.steps);
  const double queries = steps * static_cast<double>(problem.heads);
  result.keys_per_step = static_cast<double>(total.keys_scored) / steps;
  result.keys_per_query = static_cast<double>(total.keys_scored) / queries;
  result.bytes_per_query = static_cast<double>(total.bytes_read) / queries;
  result.centroids_per_query = static_cast<double>(total.centroids_scored) / queries;
  result.codes_per_query = static_cast<double>(total.codes_scored) / queries;
  result.expansions_per_query = static_cast<double>(total.nodes_expanded) / queries;
  return result;
}

Quality measure_quality(const NeighborTable& found, const HeadProblem& problem, std::size_t steps, Executor& executor) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  steps = std::min(steps, problem.steps);
  if (steps == 0) return {nan, nan};
  const std::size_t heads = problem.heads;
  const std::size_t row_bytes = problem.queries.view.row_bytes();
  std::vector<std::byte> queries(steps * heads * row_bytes);
  std::vector<std::int64_t> positions;
  NeighborTable chosen(steps * heads, found.k());
  for (std::size_t i = 0; i < steps; ++i) {
    const std::size_t step = i * problem.steps / steps;
    std::memcpy(queries.data() + i * heads * row_bytes, problem.queries.view.row(step * heads), heads * row_bytes);
    positions.insert(positions.end(), heads, problem.positions[step * heads]);
    copy_rows(found, step * heads, chosen, i * heads, heads);
  }
  const MatrixView view(queries.data(), problem.queries.view.dtype, steps * heads, problem.queries.view.cols);
  const AttentionQuality quality =
      attention_quality(view, problem.group.keys.view, problem.group.values.view, positions, problem.indexed,
                        problem.group.softmax_scale, chosen, &executor);
  return {mean(quality.mass), mean(quality.output_error)};
}

}  // namespace rattan::bench
