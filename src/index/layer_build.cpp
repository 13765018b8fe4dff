#include <future>
#include <utility>

#include "core/build_timer.h"
#include "rattan/layer_build.h"

namespace rattan {
namespace {

struct LinkedHead {
  LayerHead head;
  std::vector<NeighborTable> links;
  BuildStats stats;
};

// `links`: tables whose memory is used again.
LinkedHead link(std::size_t number, const LoadHead& load, const ExactTopK& exact, const LayerBuildParams& params,
                std::vector<NeighborTable> links) {
  LinkedHead linked;
  linked.links = std::move(links);
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
  // A future of std::async waits for its thread where an exception leaves it behind.
  std::vector<NeighborTable> spare;
  const auto start = [&](std::size_t head) {
    return std::async(params.overlap ? std::launch::async : std::launch::deferred,
                      [&, head, links = std::exchange(spare, {})]() mutable {
                        return link(head, load, exact, params, std::move(links));
                      });
  };
  if (heads == 0) return;
  std::future<LinkedHead> next = start(0);
  for (std::size_t head = 0; head < heads; ++head) {
    BuildStats waited;
    BuildTimer timer(&waited);
    LinkedHead linked = next.get();
    timer.stage("wait");
    if (head + 1 < heads) next = start(head + 1);
    BuildStats built;
    std::unique_ptr<Index> graph =
        build_graph(std::move(linked.head.keys), linked.links, params.metric, params.graph, &built);
    spare = std::move(linked.links);
    linked.stats.stages.push_back(waited.stages.front());
    linked.stats.stages.insert(linked.stats.stages.end(), built.stages.begin(), built.stages.end());
    linked.stats.unreachable = built.unreachable;
    take(head, std::move(graph), linked.stats);
  }
}

}  // namespace rattan
