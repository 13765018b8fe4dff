#include "index/graph_index.h"

#include <algorithm>

#include "core/check.h"
#include "graph/audit.h"
#include "graph/build.h"
#include "index/checks.h"
#include "index/graph_sections.h"
#include "index/identity.h"
#include "scan/finite.h"

namespace rattan {
namespace {

// Of an opened file: what GraphBuildParams::max_degree allows.
constexpr std::uint32_t max_stride = 1024;

// Enough for recall@k of about 0.95 on most trained heads with the seeds of the step before.
std::uint32_t default_beam(std::uint32_t k) { return std::max(32U, k + k / 2); }

std::uint32_t beam_of(const SearchParams& params) { return params.beam_width.value_or(default_beam(params.k)); }

}  // namespace

GraphIndex::GraphIndex(SharedMatrix keys, Metric metric, Graph graph, Executor* executor)
    : Index(std::move(keys), metric, executor), graph_(std::move(graph)), scorer_(this->keys(), metric) {
  if (graph_.keys() != size()) {
    fail(ErrorCode::invalid_argument, "graph has ", graph_.keys(), " nodes, allowed is ", size(), " (one per key)");
  }
}

MemoryUse GraphIndex::memory() const {
  return {{{"edges", graph_.edge_bytes()}, {"entry_points", graph_.entry_points.size() * sizeof(KeyId)}}};
}

std::string GraphIndex::describe() const {
  const GraphAudit found = audit(graph_);
  const double mean = found.keys == 0 ? 0.0 : static_cast<double>(found.edges) / static_cast<double>(found.keys);
  return message("metric: ", to_string(metric()), "\nedges: ", found.edges, "\ndegree: ", found.min_degree, " to ",
                 found.max_degree, ", mean ", mean, "\nentry points: ", graph_.entry_points.size(),
                 "\nunreachable keys: ", found.unreachable, "\ndepth: ", found.depth, "\n");
}

void GraphIndex::search_checked(MatrixView queries, const SearchParams& params, NeighborTable& table) const {
  search_groups(queries, params, table, scratches_, [&](MatrixView group, std::size_t first_row, Scratch& scratch) {
    const SearchStats stats = search_group(group, params, scratch);
    for (std::size_t i = 0; i < group.rows; ++i) {
      write_row(scratch.walk.results[i].sorted(), table.ids(first_row + i), table.scores(first_row + i));
    }
    return stats;
  });
}

SearchStats GraphIndex::search_group(MatrixView queries, const SearchParams& params, Scratch& scratch) const {
  scorer_.prepare(queries, scratch.walk.queries);
  if (std::max(params.k, beam_of(params)) >= size()) return scan_all(params, scratch);
  WalkParams walk_params;
  walk_params.beam_width = beam_of(params);
  walk_params.expansions = params.expansions.value_or(0);
  walk_params.seeds = params.seeds;
  walk_params.candidates = params.candidates;
  return walk(scorer_, graph_, walk_params, params.k, scratch.walk);
}

SearchStats GraphIndex::scan_all(const SearchParams& params, Scratch& scratch) const {
  auto& results = scratch.walk.results;
  results.resize(scratch.walk.queries.count());
  for (TopK& best : results) best.reset(params.k);
  const auto end = std::min(params.candidates.end, static_cast<KeyId>(size()));
  const IdRange range{std::min(params.candidates.begin, end), end};
  flat_scan(scorer_, scratch.walk.queries, range, results, scratch.scan);
  SearchStats stats;
  stats.keys_scored = range.end - range.begin;
  stats.bytes_read = stats.keys_scored * keys().row_bytes();
  return stats;
}

void GraphIndex::save_checked(const std::filesystem::path& path) const {
  ContainerWriter writer{std::string(kind())};
  add_identity(writer, *this);
  add_graph(writer, graph_);
  writer.save(path);
}

std::unique_ptr<Index> open_graph(const Container& container, SharedMatrix keys, Metric metric) {
  Graph graph = read_graph(container, keys.view.rows, max_stride);
  return std::make_unique<GraphIndex>(std::move(keys), metric, std::move(graph));
}

std::unique_ptr<Index> build_graph(SharedMatrix keys, std::span<const NeighborTable> links, Metric metric,
                                   const GraphBuildParams& params, BuildStats* stats) {
  // Nothing is derived from keys before they are checked; the index checks them once more, which costs milliseconds.
  check_matrix(keys.view, "keys");
  check_finite(keys.view, "keys", executor_or_default(params.executor));
  Graph graph = build_graph_edges(keys.view, links, params, stats);
  return std::make_unique<GraphIndex>(std::move(keys), metric, std::move(graph), params.executor);
}

}  // namespace rattan
