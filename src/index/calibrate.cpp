#include "index/calibrate.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <span>

#include "core/median.h"
#include "core/parallel.h"
#include "index/registry.h"
#include "rattan/evaluate.h"

namespace rattan {
namespace {

// A decoder comes back to a head after hundreds of others: between two searches more is read than caches of cores hold.
constexpr std::size_t evicted_bytes = std::size_t{32} << 20;
constexpr std::size_t timed_groups = 8;

// Of k. Fine enough that the first that suffices reads at most a tenth more than the least that would.
constexpr double widths[] = {0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1,   1.1, 1.2, 1.3, 1.45, 1.6, 1.8, 2,
                             2.2, 2.4, 2.6, 2.9, 3.2, 3.5, 4,   4.5, 5,   6,   7,   8,    10,  13,  16};

std::uint32_t scaled(double factor, std::uint32_t k) {
  return std::max(1U, static_cast<std::uint32_t>(std::lround(factor * k)));
}

SearchParams params_for(const Trial& trial, const AutoBuildParams& params) {
  SearchParams search;
  search.k = params.k;
  search.group = params.group;
  search.executor = params.executor;
  trial.kind->apply_width(trial.width, search);
  search.row_widths = trial.row_widths;
  return search;
}

std::vector<KeyId> ids_of(const NeighborTable& found) {
  std::vector<KeyId> ids;
  for (std::size_t row = 0; row < found.rows(); ++row) {
    const auto present = found.ids(row).first(found.count(row));
    ids.insert(ids.end(), present.begin(), present.end());
  }
  return ids;
}

// All groups; with_start_keys: one after the other, each from what the one before it found.
NeighborTable search_steps(const Index& index, MatrixView queries, SearchParams search, bool with_start_keys) {
  if (!with_start_keys) return index.search(queries, search);
  NeighborTable all(queries.rows, search.k);
  std::vector<KeyId> start_keys;
  for (std::size_t first = 0; first < queries.rows; first += search.group) {
    search.start_keys = start_keys;
    const NeighborTable found = index.search(queries.slice(first, search.group), search);
    for (std::size_t i = 0; i < search.group; ++i) {
      std::ranges::copy(found.ids(i), all.ids(first + i).begin());
      std::ranges::copy(found.scores(i), all.scores(first + i).begin());
    }
    start_keys = ids_of(found);
  }
  return all;
}

// Searches of one index against the truth.
class WidthSearch {
 public:
  WidthSearch(const Index& index, MatrixView queries, const NeighborTable& truth, const AutoBuildParams& params)
      : queries_(queries), truth_(truth), params_(params), trial_{&kind_of(index), &index} {}

  Trial run() {
    for (const double factor : widths) {
      trial_.width = scaled(factor, params_.k);
      measure();
      if (trial_.reached || trial_.width >= trial_.index->size()) break;
    }
    const bool uneven = trial_.worst_recall < even_share * params_.recall;
    if (trial_.reached && uneven && trial_.kind->width.param == beam_knob.param) even_out();
    return trial_;
  }

 private:
  // The recall of each query head at one width for all.
  struct Point {
    std::uint32_t width;
    std::vector<double> recalls;
  };

  void measure() {
    const NeighborTable found =
        search_steps(*trial_.index, queries_, params_for(trial_, params_), params_.with_start_keys);
    const std::vector<double> recalls = recall_per_row(found, truth_);
    Point point{trial_.width, std::vector<double>(params_.group, 0.0)};
    const std::size_t rows_of_head = recalls.size() / params_.group;
    for (std::size_t row = 0; row < recalls.size(); ++row) {
      point.recalls[row % params_.group] += recalls[row] / static_cast<double>(rows_of_head);
    }
    trial_.recall = mean_of(point.recalls);
    trial_.worst_recall = std::ranges::min(point.recalls);
    trial_.reached = trial_.recall >= params_.recall && trial_.worst_recall >= worst_share * params_.recall;
    if (trial_.row_widths.empty()) points_.push_back(std::move(point));
  }

  static double mean_of(std::span<const double> values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  }

  // Widths of their own, measured together; what one width for all gave stays where they bring the worst head nothing.
  // All heads together find no less than with one width: choosing by few queries flatters what was chosen.
  void even_out() {
    const Trial alike = trial_;
    measure_wider();
    trial_ = alike;
    std::vector<std::size_t> steps = least_steps(alike.recall);
    for (bool wider = true; wider;) {
      trial_.row_widths = factors(steps, alike.width);
      measure();
      if (trial_.recall >= alike.recall) break;
      wider = false;
      for (std::size_t& step : steps) {
        if (step + 1 == points_.size()) continue;
        ++step;
        wider = true;
      }
    }
    if (trial_.recall < alike.recall || trial_.worst_recall <= alike.worst_recall) trial_ = alike;
  }

  // Until every head finds enough, or is far from it at twice the width: what a head takes beyond that, the group pays.
  void measure_wider() {
    constexpr std::uint32_t most = 2;
    const std::uint32_t first = trial_.width;
    for (const double factor : widths) {
      if (trial_.worst_recall >= even_share * params_.recall) return;
      const std::uint32_t width = scaled(factor, params_.k);
      if (width <= trial_.width) continue;
      if (width > most * first || width >= trial_.index->size()) return;
      trial_.width = width;
      measure();
    }
  }

  // The point of each head: where it finds its share; then, head by head, where a wider beam brings most for what it
  // costs, until they find `together`.
  std::vector<std::size_t> least_steps(double together) const {
    const auto recall_of = [&](std::size_t head, std::size_t step) { return points_[step].recalls[head]; };
    std::vector<std::size_t> steps(params_.group, 0);
    std::vector<double> recalls(params_.group);
    for (std::size_t head = 0; head < steps.size(); ++head) {
      while (steps[head] + 1 < points_.size() && recall_of(head, steps[head]) < even_share * params_.recall) {
        ++steps[head];
      }
      recalls[head] = recall_of(head, steps[head]);
    }
    while (mean_of(recalls) < together) {
      std::size_t best = steps.size();
      double most = -1;
      for (std::size_t head = 0; head < steps.size(); ++head) {
        if (steps[head] + 1 == points_.size()) continue;
        const Point& next = points_[steps[head] + 1];
        const double gain = (next.recalls[head] - recalls[head]) / (next.width - points_[steps[head]].width);
        if (gain > most) {
          most = gain;
          best = head;
        }
      }
      if (best == steps.size()) break;
      recalls[best] = recall_of(best, ++steps[best]);
    }
    return steps;
  }

  std::vector<float> factors(std::span<const std::size_t> steps, std::uint32_t width) const {
    std::vector<float> factors;
    factors.reserve(steps.size());
    for (const std::size_t step : steps) {
      const double factor = static_cast<double>(points_[step].width) / width;
      const auto stepped = static_cast<float>(std::round(factor / double{row_width_step}) * double{row_width_step});
      factors.push_back(std::clamp(stepped, least_row_width, most_row_width));
    }
    return factors;
  }

  MatrixView queries_;
  const NeighborTable& truth_;
  const AutoBuildParams& params_;
  Trial trial_;
  std::vector<Point> points_;  // by rising width
};

// Reads memory of its own, so that little of an index is left in the caches.
class Evictor {
 public:
  Evictor() : words_(evicted_bytes / sizeof(std::uint64_t), 1) {}
  void run() {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < words_.size(); i += 8) sum += words_[i];
    sink_ = sum;
  }

 private:
  std::vector<std::uint64_t> words_;
  volatile std::uint64_t sink_ = 0;
};

void time_trials(std::vector<Trial>& trials, MatrixView queries, const AutoBuildParams& params) {
  Evictor evictor;
  std::vector<std::vector<double>> times(trials.size());
  std::vector<std::vector<KeyId>> start_keys(trials.size());
  const std::size_t groups = queries.rows / params.group;
  for (std::size_t round = 0; round <= timed_groups; ++round) {  // the first is not counted
    const MatrixView group = queries.slice(round % groups * params.group, params.group);
    for (std::size_t i = 0; i < trials.size(); ++i) {
      if (!trials[i].reached) continue;
      SearchParams search = params_for(trials[i], params);
      search.executor = &serial_executor();
      search.start_keys = start_keys[i];
      evictor.run();
      const auto start = std::chrono::steady_clock::now();
      const NeighborTable found = trials[i].index->search(group, search);
      const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
      if (params.with_start_keys) start_keys[i] = ids_of(found);
      if (round != 0) times[i].push_back(took.count());
    }
  }
  for (std::size_t i = 0; i < trials.size(); ++i) {
    if (trials[i].reached) trials[i].microseconds = upper_median(times[i]);
  }
}

}  // namespace

std::vector<Trial> find_widths(const std::vector<const Index*>& contenders, MatrixView queries,
                               const AutoBuildParams& params) {
  const Index& exact = *contenders.front();
  std::vector<Trial> trials{{&kind_of(exact), &exact, 0, 1.0, true, 0, 1.0}};
  const NeighborTable truth = exact.search(queries, params_for(trials.front(), params));
  for (std::size_t i = 1; i < contenders.size(); ++i) {
    trials.push_back(WidthSearch(*contenders[i], queries, truth, params).run());
  }
  return trials;
}

std::vector<Trial> try_out(const std::vector<const Index*>& contenders, MatrixView queries,
                           const AutoBuildParams& params) {
  std::vector<Trial> trials = find_widths(contenders, queries, params);
  time_trials(trials, queries, params);
  return trials;
}

}  // namespace rattan
