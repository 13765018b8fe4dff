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

SearchParams params_for(const IndexKind& kind, std::uint32_t width, const AutoBuildParams& params) {
  SearchParams search;
  search.k = params.k;
  search.group = params.group;
  search.executor = params.executor;
  kind.apply_width(width, search);
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

// All groups; with params.with start keys one after the other, each from what the one before it found.
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

// Mean recall of the rows in each place of their groups, where it is least.
double worst_of_group(std::span<const double> recalls, std::size_t group) {
  std::vector<double> sums(group, 0.0);
  for (std::size_t row = 0; row < recalls.size(); ++row) sums[row % group] += recalls[row];
  return std::ranges::min(sums) * static_cast<double>(group) / static_cast<double>(recalls.size());
}

Trial find_width(const Index& index, MatrixView queries, const NeighborTable& truth, const AutoBuildParams& params) {
  Trial trial{&kind_of(index), &index};
  for (const double factor : widths) {
    trial.width = scaled(factor, params.k);
    const SearchParams search = params_for(*trial.kind, trial.width, params);
    const std::vector<double> recalls =
        recall_per_row(search_steps(index, queries, search, params.with_start_keys), truth);
    trial.recall = std::accumulate(recalls.begin(), recalls.end(), 0.0) / static_cast<double>(recalls.size());
    trial.worst_recall = worst_of_group(recalls, params.group);
    trial.reached = trial.recall >= params.recall && trial.worst_recall >= worst_share * params.recall;
    if (trial.reached || trial.width >= index.size()) break;
  }
  return trial;
}

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
      SearchParams search = params_for(*trials[i].kind, trials[i].width, params);
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
  const NeighborTable truth = exact.search(queries, params_for(kind_of(exact), 0, params));
  std::vector<Trial> trials{{&kind_of(exact), &exact, 0, 1.0, true, 0, 1.0}};
  for (std::size_t i = 1; i < contenders.size(); ++i) {
    trials.push_back(find_width(*contenders[i], queries, truth, params));
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
