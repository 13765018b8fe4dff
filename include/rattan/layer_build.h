// The attention graphs of a whole layer from one call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "rattan/exact_topk.h"
#include "rattan/index.h"
#include "rattan/matrix.h"
#include "rattan/params.h"
#include "rattan/results.h"
#include "rattan/types.h"

#pragma GCC visibility push(default)

namespace rattan {

// One KV head: its keys, and the queries that are linked to them.
struct LayerHead {
  SharedMatrix keys;
  std::vector<SharedMatrix> queries;    // one [rows, d] per query head of the KV head's group
  std::vector<std::int64_t> positions;  // of the rows of each of them, as in Visibility; empty: rows see all keys
};

struct LayerBuildParams {
  std::uint32_t links_k = 128;  // exact nearest keys that a query row is linked to
  Metric metric = Metric::inner_product;
  GraphBuildParams graph;

  // The next head is loaded and linked by a thread of its own while this head's links become a graph: for links that
  // are made on a GPU. False: one after the other, for links that would take the same cores.
  bool overlap = true;
};

// Gives KV head `head`; called in order, once for each, with `overlap` from another thread. What keys and queries point
// to must live until the head's graph has been taken, and the keys as long as the graph.
using LoadHead = std::function<LayerHead(std::size_t head)>;

// Takes a head's graph, in order. Stages of `stats` are "load", "links", "wait" (of the build for the links, all of
// them if not overlapped) and those of build_graph.
using TakeGraph = std::function<void(std::size_t head, std::unique_ptr<Index> graph, const BuildStats& stats)>;

// For each of `heads` KV heads what build_graph makes of the links that `exact` finds: the same bytes as one by one. At
// most two heads' links exist at a time, in memory that is used again.
// Throws: what load, exact, build_graph or take throw, after the other thread has ended its head.
void build_layer(std::size_t heads, const LoadHead& load, const ExactTopK& exact, const LayerBuildParams& params,
                 const TakeGraph& take);

}  // namespace rattan

#pragma GCC visibility pop
