#include "graph/build.h"

#include "core/build_timer.h"
#include "core/check.h"
#include "core/parallel.h"
#include "core/random.h"
#include "graph/connect.h"
#include "graph/entry_points.h"
#include "graph/fill.h"
#include "graph/key_geometry.h"
#include "graph/link_lists.h"
#include "graph/project.h"
#include "graph/prune.h"

namespace rattan {
namespace {

Graph project_and_prune(const LinkLists& lists, const KeyGeometry& geometry, const GraphBuildParams& params,
                        Executor& executor, BuildTimer& timer) {
  EdgeTable edges(lists.keys(), params.max_degree * params.oversampling);
  project(lists, geometry, executor, edges);
  timer.stage("project");
  Graph graph = prune(edges, count_uses(lists, edges, executor), params.max_degree, executor);
  timer.stage("prune");
  return graph;
}

}  // namespace

Graph build_graph_edges(MatrixView keys, std::span<const NeighborTable> links, const GraphBuildParams& params,
                        BuildStats* stats) {
  params.validate();
  Executor& executor = executor_or_default(params.executor);
  BuildTimer timer(stats);
  const LinkLists lists(links, keys.rows, params.seed);
  if (keys.rows > 1 && lists.size() == 0) {
    fail(ErrorCode::invalid_argument, "links has ", links.size(),
         " tables without a single link, allowed is at least one link: the graph is made of them");
  }
  timer.stage("lists");
  const KeyGeometry geometry(keys, executor);
  timer.stage("geometry");
  Graph graph = project_and_prune(lists, geometry, params, executor, timer);
  graph.entry_points = choose_entry_points(lists, params.entry_points);
  timer.stage("entry_points");
  if (params.fill_nearest) {
    fill_with_nearest(graph, geometry, params.seed, executor);
    timer.stage("fill");
  }
  const std::uint64_t unreachable = connect(graph, geometry, executor);
  if (stats != nullptr) stats->unreachable = unreachable;
  timer.stage("connect");
  return graph;
}

}  // namespace rattan
