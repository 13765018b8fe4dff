#include "bench/context/attend_run.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "attention/budget.h"
#include "core/log_sum_exp.h"
#include "rattan/attention.h"

namespace rattan::bench {
namespace {

MatrixView values_of(const HeadProblem& problem) {
  return problem.group.values.view.rows != 0 ? problem.group.values.view : problem.group.keys.view;
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
    clusters_ = KeyClusters(problem.keys.view, values_, 0, {.clusters = clusters, .seed = seed, .executor = &executor});
  }
}

const NeighborTable& AttendRun::found(std::uint32_t k, const Retrieve& retrieve) {
  const auto known = std::ranges::find(found_, k, [](const auto& entry) { return entry.first; });
  if (known != found_.end()) return known->second;
  found_.emplace_back(k, retrieve(k));
  return found_.back().second;
}

AttentionPart AttendRun::window(std::size_t row, std::vector<float>& output) const {
  const SoftmaxPart& part = exact_.window_parts[row];
  output.resize(part.output.size());
  for (std::size_t c = 0; c < output.size(); ++c) {
    output[c] = static_cast<float>(part.normalised(c));
  }
  return {output, static_cast<float>(part.lse())};
}

Retrieved AttendRun::choose(std::size_t row, const AttendSetting& setting, const UnreadEstimate& tail,
                            const Retrieve& retrieve) {
  const std::size_t member = row % problem_.heads;
  const auto most = static_cast<std::uint32_t>(std::min<std::size_t>(setting.most_k, problem_.keys.view.rows));
  for (std::uint32_t k = setting.k;; k *= 4) {
    if (setting.epsilon) k = std::min(k, most);
    const NeighborTable& table = found(k, retrieve);
    const Retrieved all{table.ids(row).first(table.count(row)), table.scores(row).first(table.count(row))};
    if (!setting.epsilon) return all;
    const float unread = tail.unread(member, all, problem_.keys.view.rows);
    const double scale = problem_.group.softmax_scale;
    const auto window = static_cast<float>(exact_.window_parts[row].lse());
    const BudgetCut cut = setting.estimate ? cut_to_uncertainty(all.scores, scale, window, unread,
                                                                tail.uncertainty(member, all, problem_.keys.view.rows),
                                                                *setting.epsilon, setting.k)
                                           : cut_to_mass(all.scores, scale, window, unread, *setting.epsilon);
    if (!cut.enough && k != most) continue;
    const std::size_t keep = std::min<std::size_t>(all.ids.size(), std::max<std::size_t>(cut.keep, setting.k));
    return {all.ids.first(keep), all.scores.first(keep)};
  }
}

void AttendRun::judge(std::size_t row, const Retrieved& chosen, bool with_estimate, const UnreadEstimate& tail,
                      AttendOutcome& sums) {
  const double scale = problem_.group.softmax_scale;
  std::vector<float> window_output;
  std::vector<float> output(values_.cols);
  std::vector<float> found_output(values_.cols);
  AttentionPart approximate = window(row, window_output);
  AttentionPart found{found_output};
  attend_found(values_, chosen.ids, chosen.scores, scale, found, attention_scratch_);
  const double indexed = exact_.indexed_parts[row].lse();
  const double unread = log_difference(indexed, static_cast<double>(found.lse));
  SoftmaxPart exact = exact_.window_parts[row];
  exact.merge(exact_.indexed_parts[row]);

  if (with_estimate) {
    AttentionPart part{output};
    const float estimated = tail.attend(row % problem_.heads, chosen, values_, part);
    merge(approximate, part);
    // Nothing left unread, but for rounding, says nothing about the estimate.
    if (unread > indexed - 10) sums.estimate_error += std::abs(static_cast<double>(estimated) - unread);
  } else {
    merge(approximate, found);
  }
  sums.keys += static_cast<double>(chosen.ids.size());
  sums.mass +=
      exact_.indexed_parts[row].sum == 0 ? 1 : std::min(1.0, std::exp(static_cast<double>(found.lse) - indexed));
  sums.unread += std::exp(unread - exact.lse());
  sums.output_error += relative_error(exact, approximate);
}

AttendOutcome AttendRun::run(const AttendSetting& setting, const Retrieve& retrieve) {
  AttendOutcome sums;
  const KeyClusters* const blocks[] = {&clusters_};
  for (std::size_t step = 0; step < problem_.steps; ++step) {
    const UnreadEstimate tail(problem_.step(step), blocks, problem_.group.softmax_scale, scratch_);
    for (std::size_t row = step * problem_.heads; row < (step + 1) * problem_.heads; ++row) {
      judge(row, choose(row, setting, tail, retrieve), setting.estimate, tail, sums);
    }
  }
  const auto rows = static_cast<double>(std::max<std::size_t>(problem_.queries.view.rows, 1));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const bool values = problem_.group.values.view.rows != 0;
  return {sums.keys / rows, sums.mass / rows, sums.unread / rows, values ? sums.output_error / rows : nan,
          setting.estimate ? sums.estimate_error / rows : nan};
}

}  // namespace rattan::bench
