#include "index/segment_graph.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "graph/connect.h"
#include "graph/entry_points.h"
#include "graph/fill.h"
#include "graph/key_geometry.h"
#include "graph/link_lists.h"
#include "graph/project.h"
#include "graph/prune.h"
#include "rattan/exact_topk.h"
#include "scan/checked_matrix.h"

namespace rattan {
namespace {

// At most `wanted` rows, evenly spaced.
MatrixView sample(const MatrixView& rows, std::size_t wanted) {
  if (wanted == 0) return rows.slice(0, 0);
  const MatrixView taken = rows.every(std::max<std::size_t>(1, rows.rows / wanted));
  return taken.slice(0, std::min(taken.rows, wanted));
}

bool has_links(const std::vector<NeighborTable>& tables) {
  return std::ranges::any_of(tables, [](const NeighborTable& table) {
    for (std::size_t row = 0; row < table.rows(); ++row) {
      if (table.count(row) != 0) return true;
    }
    return false;
  });
}

// Scores that overflow to NaN are no links. Neighbours in time are as good a guess as any, and a graph needs one list.
NeighborTable neighbors_in_time(std::size_t keys) {
  NeighborTable table(1, keys);
  std::iota(table.ids(0).begin(), table.ids(0).end(), KeyId{0});
  return table;
}

}  // namespace

Graph make_segment_graph(MatrixView keys, MatrixView queries, Metric metric, const SegmentGraphParams& params,
                         Executor& executor) {
  const auto exact = make_exact_topk_cpu(&executor);
  const auto k = static_cast<std::uint32_t>(std::min<std::size_t>(params.links_k, keys.rows));
  std::vector<NeighborTable> links;
  const auto link = [&](const MatrixView& from) {
    if (from.rows == 0) return;
    exact->find_checked(links.emplace_back(), CheckedMatrix::trusted(from), CheckedMatrix::trusted(keys), k, metric);
  };
  const MatrixView linked = sample(queries, params.queries);
  link(linked);
  link(sample(keys, params.queries - linked.rows));
  if (!has_links(links)) links.assign(1, neighbors_in_time(k));
  const LinkLists lists(links, keys.rows, params.graph.seed);
  const KeyGeometry geometry(keys, executor);
  EdgeTable edges(keys.rows, params.graph.max_degree * params.graph.oversampling);
  project(lists, geometry, executor, edges);
  Graph graph = prune(edges, count_uses(lists, edges, executor), params.graph.max_degree, executor);
  fill_with_nearest(graph, geometry, params.graph.seed, executor);
  graph.entry_points = choose_entry_points(lists, params.graph.entry_points);
  connect(graph, geometry, executor);
  return graph;
}

}  // namespace rattan
