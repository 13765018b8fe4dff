#include "bench/context/attend_run.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "attention/retrieved_part.h"
#include "core/log_sum_exp.h"

namespace rattan::bench {
namespace {

MatrixView values_of(const HeadProblem& problem) {
  return problem.group.values.view.rows != 0 ? problem.group.values.view : problem.group.keys.view;
}

void copy_part(const SoftmaxPart& from, AttentionPart& to) {
  for (std::size_t c = 0; c < to.output.size(); ++c) to.output[c] = static_cast<float>(from.normalised(c));
  to.lse = static_cast<float>(from.lse());
}

double relative_error(const SoftmaxPart& exact, const AttentionPart& approximate) {
  double error = 0;
  double norm = 0;
  for (std::size_t c = 0; c < exact.output.size(); ++c) {
    const double o = exact.normalised(c);
    error += std::pow(o - static_cast<double>(approximate.output[c]), 2);
    norm += o * o;
  }
  return error == 0 ? 0 : std::sqrt(error / norm);
}

}  // namespace

AttendRun::AttendRun(const HeadProblem& problem, bool with_clusters, std::uint32_t clusters, std::uint64_t seed,
                     Executor& executor)
    : problem_(problem),
      values_(values_of(problem).slice(problem.indexed.begin, problem.keys.view.rows)),
      exact_(exact_softmax(problem.queries.view, problem.group.keys.view, values_of(problem), problem.positions,
                           problem.indexed, problem.group.softmax_scale, executor)) {
  if (with_clusters) {
    clusters_ = KeyClusters(CheckedMatrix(problem.keys, "keys", executor), CheckedMatrix(values_, "values", executor),
                            0, {.clusters = clusters, .seed = seed, .executor = &executor});
  }
  outputs_.resize(problem.heads * values_.cols);
  for (std::size_t i = 0; i < problem.heads; ++i) {
    parts_.push_back({std::span(outputs_).subspan(i * values_.cols, values_.cols)});
  }
}

// False where the budget asks for all keys.
bool AttendRun::retrieve(std::size_t step, const Budget& budget, const Retrieve& retrieve) {
  const KeyClusters* const blocks[] = {&clusters_};
  estimate_.prepare(problem_.step(step), blocks, problem_.group.softmax_scale);
  const std::size_t first = step * problem_.heads;
  std::vector<float> window_lse;
  for (std::size_t i = 0; i < problem_.heads; ++i) {
    window_lse.push_back(static_cast<float>(exact_.window_parts[first + i].lse()));
  }
  NeighborTable found;
  const auto search = [&](std::span<const std::size_t> members, std::uint32_t k, std::span<Retrieved> results) {
    std::vector<std::size_t> rows(members.begin(), members.end());
    for (std::size_t& row : rows) row += first;
    found = retrieve(rows, k);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      results[i] = Retrieved{found.ids(i), found.scores(i)}.first(found.count(i));
    }
  };
  if (!loop_.run({budget, budget.k, problem_.keys.view.rows, window_lse}, estimate_, search)) return false;
  attend_retrieved(loop_.retrieved(), loop_.weights(), blocks, values_, parts_, scratch_);
  return true;
}

AttendRun::Read AttendRun::attended(std::size_t row, bool retrieved) {
  const std::size_t member = row % problem_.heads;
  if (retrieved) {
    const RowWeights& weights = loop_.weights()[member];
    return {loop_.retrieved()[member].ids.size(), static_cast<double>(weights.retrieved_lse()),
            static_cast<double>(weights.unread_lse())};
  }
  const SoftmaxPart& all = exact_.indexed_parts[row];
  copy_part(all, parts_[member]);
  return {problem_.keys.view.rows, all.lse(), static_cast<double>(log_of_nothing)};
}

void AttendRun::judge(std::size_t row, const Read& read, bool estimated, AttendOutcome& sums) const {
  const SoftmaxPart& window = exact_.window_parts[row];
  const SoftmaxPart& indexed = exact_.indexed_parts[row];
  SoftmaxPart exact = window;
  exact.merge(indexed);
  std::vector<float> output(values_.cols);
  AttentionPart approximate{output};
  copy_part(window, approximate);
  merge(approximate, parts_[row % problem_.heads]);

  const double unread = log_difference(indexed.lse(), read.lse);
  sums.keys += static_cast<double>(read.keys);
  sums.mass += indexed.sum == 0 ? 1 : std::min(1.0, std::exp(read.lse - indexed.lse()));
  sums.unread += std::exp(unread - exact.lse());
  sums.output_error += relative_error(exact, approximate);
  // Nothing unread, but for rounding, says nothing about the estimate.
  if (estimated && unread > indexed.lse() - 10) sums.estimate_error += std::abs(read.unread_lse - unread);
}

AttendOutcome AttendRun::run(const Budget& budget, const Retrieve& retrieve) {
  AttendOutcome sums;
  for (std::size_t step = 0; step < problem_.steps; ++step) {
    const bool retrieved = this->retrieve(step, budget, retrieve);
    for (std::size_t row = step * problem_.heads; row < (step + 1) * problem_.heads; ++row) {
      judge(row, attended(row, retrieved), budget.estimate_unread, sums);
    }
  }
  const auto rows = static_cast<double>(std::max<std::size_t>(problem_.queries.view.rows, 1));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const bool values = problem_.group.values.view.rows != 0;
  return {sums.keys / rows, sums.mass / rows, sums.unread / rows, values ? sums.output_error / rows : nan,
          budget.estimate_unread ? sums.estimate_error / rows : nan};
}

}  // namespace rattan::bench
