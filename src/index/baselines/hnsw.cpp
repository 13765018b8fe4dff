#include "index/baselines/hnsw.h"

#include <algorithm>

#include "core/build_timer.h"
#include "core/check.h"
#include "core/parallel.h"
#include "graph/audit.h"
#include "index/baselines/hnsw_build.h"
#include "index/identity.h"
#include "index/scan_groups.h"
#include "index/widths.h"
#include "scan/flat_scan.h"

namespace rattan {
namespace {

HnswLayers timed_build(const MatrixView& keys, Metric metric, const HnswBuildParams& params, detail::InsertKeys insert,
                       BuildStats* stats) {
  BuildTimer timer(stats);
  HnswLayers layers = build_hnsw_layers(keys, metric, params, insert);
  timer.stage("insert");
  return layers;
}

}  // namespace

HnswIndex::HnswIndex(const CheckedMatrix& keys, Metric metric, const HnswBuildParams& params, detail::InsertKeys insert,
                     BuildStats* stats)
    : Index(keys, metric),
      layers_(timed_build(this->keys(), metric, params, insert, stats)),
      scorer_(this->keys(), metric) {}

HnswIndex::HnswIndex(const CheckedMatrix& keys, Metric metric, HnswLayers layers)
    : Index(keys, metric), layers_(std::move(layers)), scorer_(this->keys(), metric) {}

MemoryUse HnswIndex::memory() const {
  std::uint64_t upper = 0;
  for (const HnswLayer& layer : layers_.upper) upper += layer.nodes.size() + layer.offsets.size() + layer.ids.size();
  return {{{"edges", layers_.level0.edge_bytes()}, {"upper_layers", upper * sizeof(std::uint32_t)}}};
}

std::string HnswIndex::describe() const {
  std::size_t links = 0;
  for (std::size_t key = 0; key < size(); ++key) links += layers_.level0.neighbors(static_cast<KeyId>(key)).size();
  const double mean = size() == 0 ? 0.0 : static_cast<double>(links) / static_cast<double>(size());
  return message("metric: ", to_string(metric()), "\nmax_degree: ", layers_.max_degree, " (", 2 * layers_.max_degree,
                 " on the lowest layer)\nbuild_beam: ", layers_.build_beam, "\nseed: ", layers_.seed,
                 "\nmean degree on the lowest layer: ", mean, "\nupper layers: ", layers_.upper.size(),
                 "\ndeterministic: only where one worker built it\n");
}

void HnswIndex::search_checked(MatrixView queries, const SearchParams& params, NeighborTable& table) const {
  const IdRange range = scanned_range(params, size());
  const std::size_t candidates = range.end - range.begin;
  const std::uint32_t asked = params.beam_width.value_or(default_beam_width(params.k));
  const std::uint32_t beam_width = beam_among(asked, candidates, size());
  const bool narrow = candidates < size() && scan_beats_walk(candidates, size(), asked);
  const std::size_t wanted = std::min<std::size_t>(params.k, candidates);
  search_groups(queries, params, table, scratches_, [&](MatrixView group, std::size_t first_row, HnswScratch& scratch) {
    SearchStats stats;
    for (std::size_t i = 0; i < group.rows; ++i) {
      scorer_.prepare(group.slice(i, 1), scratch.walk.queries);
      scratch.walk.results.resize(1);
      if (!narrow) stats += search_hnsw(layers_, scorer_, params, beam_width, scratch);
      TopK& best = scratch.walk.results[0];
      if (narrow || best.best().size() < wanted) {
        best.reset(params.k);
        flat_scan(scorer_, scratch.walk.queries, range, {&best, 1}, scratch.flat);
        for (KeyId key = range.begin; key < range.end; ++key) {
          stats.keys_scored += narrow || !scratch.walk.seen.test(key) ? 1 : 0;
        }
        stats.bytes_read += candidates * keys().row_bytes();
      }
      write_row(best.sorted(), table.ids(first_row + i), table.scores(first_row + i));
    }
    return stats;
  });
}

void HnswIndex::write_sections(ContainerWriter& writer) const { write_hnsw_layers(layers_, writer); }

std::unique_ptr<Index> detail::build_hnsw(SharedMatrix keys, Metric metric, const HnswBuildParams& params,
                                          InsertKeys insert, BuildStats* stats) {
  params.validate();
  const CheckedMatrix checked(std::move(keys), "keys", executor_or_default(params.executor));
  return std::make_unique<HnswIndex>(checked, metric, params, insert, stats);
}

std::unique_ptr<Index> open_hnsw(const Container& container, const CheckedMatrix& keys, Metric metric, Executor&) {
  HnswLayers layers = read_hnsw_layers(container, keys.rows());
  return std::make_unique<HnswIndex>(keys, metric, std::move(layers));
}

}  // namespace rattan
