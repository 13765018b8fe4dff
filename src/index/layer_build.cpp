#include <utility>

#include "core/build_timer.h"
#include "core/make_ahead.h"
#include "rattan/layer_build.h"

namespace rattan {
namespace {

struct LinkedHead {
  LayerHead head;
  std::vector<NeighborTable> links;
  BuildStats stats;
};

LinkedHead link(std::size_t number, LinkedHead spent, const LoadHead& load, const ExactTopK& exact,
                const LayerBuildParams& params) {
  LinkedHead linked;
  linked.links = std::move(spent.links);
  BuildTimer timer(&linked.stats);
  linked.head = load(number);
  timer.stage("load");
  Visibility visible;
  visible.positions = linked.head.positions;
  linked.links.resize(linked.head.queries.size());
  for (std::size_t i = 0; i < linked.links.size(); ++i) {
    exact.find_into(linked.links[i], linked.head.queries[i].view, linked.head.keys.view, params.links_k, params.metric,
                    visible);
  }
  timer.stage("links");
  return linked;
}

}  // namespace

void build_layer(std::size_t heads, const LoadHead& load, const ExactTopK& exact, const LayerBuildParams& params,
                 const TakeGraph& take) {
  make_ahead<LinkedHead>(
      heads, params.overlap,
      [&](std::size_t head, LinkedHead spent) { return link(head, std::move(spent), load, exact, params); },
      [&](std::size_t head, LinkedHead& linked, double waited_s) {
        linked.stats.stages.emplace_back("wait", waited_s);
        std::unique_ptr<Index> graph =
            build_graph(std::move(linked.head.keys), linked.links, params.metric, params.graph, &linked.stats);
        linked.head = {};  // what is used again are the links
        take(head, std::move(graph), linked.stats);
      });
}

}  // namespace rattan
