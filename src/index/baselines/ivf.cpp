#include "index/baselines/ivf.h"

#include <algorithm>
#include <limits>

#include "core/check.h"
#include "core/parallel.h"
#include "index/identity.h"
#include "index/scan_groups.h"

namespace rattan {
namespace {

// Keys scored per kernel call: their scores for eight queries stay in the first-level cache.
constexpr std::size_t scan_block = 256;

MatrixView centroids_of(const IvfLists& lists, std::size_t dim) {
  return {lists.centroids.data(), DType::f32, lists.count(), dim};
}

// The part of an ascending list that lies in the range.
std::span<const KeyId> within(std::span<const KeyId> ids, IdRange range) {
  const auto begin = std::lower_bound(ids.begin(), ids.end(), range.begin);
  return {begin, std::lower_bound(begin, ids.end(), range.end)};
}

}  // namespace

IvfIndex::IvfIndex(const CheckedMatrix& keys, Metric metric, const IvfBuildParams& params, detail::TrainCentroids train,
                   BuildStats* stats)
    : Index(keys, metric),
      lists_(make_ivf_lists(this->keys(), params, train, stats)),
      scorer_(this->keys(), metric),
      coarse_(centroids_of(lists_, dim()), metric) {}

IvfIndex::IvfIndex(const CheckedMatrix& keys, Metric metric, IvfLists lists)
    : Index(keys, metric),
      lists_(std::move(lists)),
      scorer_(this->keys(), metric),
      coarse_(centroids_of(lists_, dim()), metric) {}

MemoryUse IvfIndex::memory() const {
  return {{{"centroids", lists_.centroids.size() * sizeof(float)},
           {"lists", lists_.ids.size() * sizeof(KeyId) + lists_.offsets.size() * sizeof(std::uint32_t)}}};
}

std::string IvfIndex::describe() const {
  std::size_t longest = 0;
  for (std::size_t i = 0; i < lists_.count(); ++i) longest = std::max(longest, lists_.list(i).size());
  return message("metric: ", to_string(metric()), "\nlists: ", lists_.count(),
                 "\nspherical: ", lists_.spherical ? "yes" : "no", "\niterations: ", lists_.iterations,
                 "\nseed: ", lists_.seed, "\nlongest list: ", longest, " keys\n");
}

std::uint32_t IvfIndex::default_probes() const noexcept {
  return std::max<std::uint32_t>(8, static_cast<std::uint32_t>(lists_.count() / 8));
}

void IvfIndex::search_checked(MatrixView queries, const SearchParams& params, NeighborTable& table) const {
  search_groups(queries, params, table, scratches_, [&](MatrixView group, std::size_t first_row, Scratch& scratch) {
    const SearchStats stats = search_group(group, params, scratch);
    for (std::size_t i = 0; i < group.rows; ++i) {
      write_row(scratch.best[i].sorted(), table.ids(first_row + i), table.scores(first_row + i));
    }
    return stats;
  });
}

SearchStats IvfIndex::search_group(MatrixView queries, const SearchParams& params, Scratch& scratch) const {
  SearchStats stats;
  scorer_.prepare(queries, scratch.queries);
  scratch.positions.resize(scan_block);
  scratch.best.resize(queries.rows);
  for (TopK& best : scratch.best) best.reset(params.k);
  const IdRange range = scanned_range(params, size());
  const std::size_t candidates = range.end - range.begin;
  const std::uint32_t probes = params.probes.value_or(default_probes());
  const std::size_t unprobed = lists_.count() - std::min<std::size_t>(probes, lists_.count());
  if (candidates < size() && candidates * unprobed <= lists_.count() * lists_.count()) {
    flat_scan(scorer_, scratch.queries, range, scratch.best, scratch.flat);
    stats.keys_scored += candidates;
    stats.bytes_read += candidates * keys().row_bytes();
    return stats;
  }
  scratch.lists.clear();
  for (std::size_t i = 0; i < lists_.count(); ++i) scratch.lists.push_back(within(lists_.list(i), range));
  pick_lists(queries, probes, std::min<std::size_t>(params.k, candidates), scratch, stats);
  for (std::size_t i = 0; i < lists_.count(); ++i) {
    if (scratch.probed[i] == 0) continue;
    ++stats.nodes_expanded;
    scan_list(scratch.lists[i], scratch, stats);
  }
  return stats;
}

void IvfIndex::pick_lists(MatrixView queries, std::uint32_t probes, std::size_t wanted, Scratch& scratch,
                          SearchStats& stats) const {
  const std::size_t count = lists_.count();
  coarse_.prepare(queries, scratch.coarse_queries);
  scratch.scores.resize(std::max(queries.rows * count, queries.rows * scan_block));
  coarse_.score_range(scratch.coarse_queries, 0, count, scratch.rows, scratch.scores.data(), count);
  stats.centroids_scored += count;
  stats.bytes_read += count * coarse_.keys().row_bytes();

  scratch.probed.assign(count, 0);
  for (std::size_t row = 0; row < queries.rows; ++row) {
    const std::span<const float> scores = std::span(scratch.scores).subspan(row * count, count);
    probe_best(scores, std::min<std::size_t>(probes, count), wanted, scratch);
  }
}

// Marks the `probes` best lists that have candidates, and the next ones until they hold as many as are wanted. Products
// that overflow make a list the last.
void IvfIndex::probe_best(std::span<const float> scores, std::size_t probes, std::size_t wanted,
                          Scratch& scratch) const {
  constexpr float worst = -std::numeric_limits<float>::infinity();
  for (const std::size_t most : {probes, scores.size()}) {
    scratch.nearest.reset(most);
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const float score = scores[i] == scores[i] ? scores[i] : worst;  // NOLINT(bugprone-narrowing-conversions)
      if (!scratch.lists[i].empty()) scratch.nearest.push(score, static_cast<KeyId>(i));
    }
    std::size_t held = 0;
    std::size_t probed = 0;
    for (const Neighbor& list : scratch.nearest.sorted()) {
      if (probed++ >= probes && held >= wanted) break;
      scratch.probed[list.id] = 1;
      held += scratch.lists[list.id].size();
    }
    if (held >= wanted) return;
  }
}

void IvfIndex::scan_list(std::span<const KeyId> ids, Scratch& scratch, SearchStats& stats) const {
  for (std::size_t begin = 0; begin < ids.size(); begin += scan_block) {
    const auto block = ids.subspan(begin, std::min(scan_block, ids.size() - begin));
    scorer_.score(scratch.queries, block, scratch.rows, scratch.scores.data(), scan_block);
    for (std::size_t row = 0; row < scratch.best.size(); ++row) {
      TopK& best = scratch.best[row];
      const float* scores = scratch.scores.data() + row * scan_block;
      const std::size_t selected =
          scorer_.kernels().select_above(scores, block.size(), best.threshold(), scratch.positions.data());
      for (std::size_t i = 0; i < selected; ++i) best.push(scores[scratch.positions[i]], block[scratch.positions[i]]);
    }
  }
  stats.keys_scored += ids.size();
  stats.bytes_read += ids.size() * (keys().row_bytes() + sizeof(KeyId));
}

void IvfIndex::write_sections(ContainerWriter& writer) const { write_ivf_lists(lists_, writer); }

std::unique_ptr<Index> detail::build_ivf(SharedMatrix keys, Metric metric, const IvfBuildParams& params,
                                         TrainCentroids train, BuildStats* stats) {
  params.validate();
  const CheckedMatrix checked(std::move(keys), "keys", executor_or_default(params.executor));
  return std::make_unique<IvfIndex>(checked, metric, params, train, stats);
}

std::unique_ptr<Index> open_ivf(const Container& container, const CheckedMatrix& keys, Metric metric, Executor&) {
  IvfLists lists = read_ivf_lists(container, keys.rows(), keys.cols());
  return std::make_unique<IvfIndex>(keys, metric, std::move(lists));
}

}  // namespace rattan
