// The stages of the graph's build and its walk on a synthetic head: 32,768 keys of dim 128, four query heads, 4,096
// queries with 64 links each. Walks are on one thread and cycle through eight copies of keys and graph, more than the
// last-level cache holds, as a decoder walks through its heads.
#include <benchmark/benchmark.h>

#include <cstring>
#include <memory>
#include <vector>

#include "datasets/synthetic.h"
#include "graph/build.h"
#include "graph/connect.h"
#include "graph/entry_points.h"
#include "graph/project.h"
#include "graph/prune.h"
#include "graph/walk.h"
#include "rattan/exact_topk.h"

namespace rattan::bench {
namespace {

constexpr std::uint32_t max_degree = 16;
constexpr std::uint32_t oversampling = 2;
constexpr std::size_t copies = 8;

// Made once; every stage's input is the output of the stages before.
struct Head {
  datasets::KvGroup group;
  MatrixView keys;
  std::vector<NeighborTable> links;
  std::unique_ptr<LinkLists> lists;
  std::unique_ptr<KeyGeometry> geometry;
  std::unique_ptr<EdgeTable> edges;
  std::vector<std::uint32_t> uses;
  Graph pruned;
  Graph graph;

  Head() {
    datasets::SyntheticParams params;
    params.keys = 32768;
    params.heads = 1;
    params.decode = 256;
    params.query_step = 8;
    group = datasets::make_synthetic(params, 0);
    keys = group.keys.view.slice(0, group.prefill);
    const auto exact = make_exact_topk_cpu();
    for (const SharedMatrix& queries : group.prefill_queries) {
      links.push_back(exact->find(queries.view, keys, 64, Metric::inner_product));
    }
    Executor& executor = default_executor();
    lists = std::make_unique<LinkLists>(links, keys.rows, 1);
    geometry = std::make_unique<KeyGeometry>(keys, executor);
    edges = std::make_unique<EdgeTable>(keys.rows, max_degree * oversampling);
    project(*lists, *geometry, executor, *edges);
    uses = count_uses(*lists, *edges, executor);
    pruned = prune(*edges, uses, max_degree, executor);
    pruned.entry_points = choose_entry_points(*lists, 64);
    graph = pruned;
    connect(graph, *geometry, executor);
  }
};

const Head& head() {
  static const Head only;
  return only;
}

void link_lists(benchmark::State& state) {
  head();
  for (auto _ : state) benchmark::DoNotOptimize(LinkLists(head().links, head().keys.rows, 1).size());
}

void key_geometry(benchmark::State& state) {
  head();
  for (auto _ : state) benchmark::DoNotOptimize(KeyGeometry(head().keys, default_executor()).keys());
}

void project_links(benchmark::State& state) {
  head();
  for (auto _ : state) {
    EdgeTable edges(head().keys.rows, max_degree * oversampling);
    project(*head().lists, *head().geometry, default_executor(), edges);
    benchmark::DoNotOptimize(edges[0].data());
  }
  state.counters["lists/s"] =
      benchmark::Counter(static_cast<double>(head().lists->size()), benchmark::Counter::kIsIterationInvariantRate);
}

void count_uses_of_edges(benchmark::State& state) {
  head();
  for (auto _ : state) benchmark::DoNotOptimize(count_uses(*head().lists, *head().edges, default_executor()).data());
}

void prune_edges(benchmark::State& state) {
  head();
  for (auto _ : state) {
    benchmark::DoNotOptimize(prune(*head().edges, head().uses, max_degree, default_executor()).keys());
  }
}

void entry_points(benchmark::State& state) {
  head();
  for (auto _ : state) benchmark::DoNotOptimize(choose_entry_points(*head().lists, 64).data());
}

void connect_islands(benchmark::State& state) {
  head();
  for (auto _ : state) {
    state.PauseTiming();
    Graph graph = head().pruned;
    state.ResumeTiming();
    benchmark::DoNotOptimize(connect(graph, *head().geometry, default_executor()));
  }
}

// Keys and graphs in memory of their own.
struct Copies {
  std::vector<std::vector<std::byte>> keys;
  std::vector<Graph> graphs;

  Copies() : graphs(copies, head().graph) {
    const MatrixView& view = head().keys;
    const auto* data = static_cast<const std::byte*>(view.data);
    for (std::size_t i = 0; i < copies; ++i) keys.emplace_back(data, data + view.rows * view.row_bytes());
  }
};

void walk_heads(benchmark::State& state) {
  static const Copies cold;
  const auto group = static_cast<std::size_t>(state.range(0));
  WalkParams params;
  params.beam_width = static_cast<std::uint32_t>(state.range(1));
  const std::size_t row_bytes = head().group.decode_queries.front().view.row_bytes();
  const std::size_t steps = head().group.decode_queries.front().view.rows;
  std::vector<std::byte> queries(group * row_bytes);
  WalkScratch scratch;
  SearchStats stats;
  std::size_t step = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < group; ++i) {
      std::memcpy(queries.data() + i * row_bytes, head().group.decode_queries[i].view.row(step % steps), row_bytes);
    }
    const MatrixView& keys = head().keys;
    const Scorer scorer(MatrixView(cold.keys[step % copies].data(), keys.dtype, keys.rows, keys.cols),
                        Metric::inner_product);
    scorer.prepare(MatrixView(queries.data(), keys.dtype, group, keys.cols), scratch.queries);
    stats += walk(scorer, cold.graphs[step % copies], params, 100, scratch);
    for (TopK& best : scratch.results) benchmark::DoNotOptimize(best.sorted().data());
    ++step;
  }
  const auto rows = static_cast<double>(group);
  state.counters["keys/query"] =
      benchmark::Counter(static_cast<double>(stats.keys_scored) / rows, benchmark::Counter::kAvgIterations);
  state.counters["keys/s"] =
      benchmark::Counter(static_cast<double>(stats.keys_scored) * rows, benchmark::Counter::kIsRate);
}

BENCHMARK(link_lists)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(key_geometry)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(project_links)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(count_uses_of_edges)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(prune_edges)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(entry_points)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(connect_islands)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(walk_heads)
    ->ArgNames({"group", "beam"})
    ->Args({1, 150})
    ->Args({4, 150})
    ->Args({1, 300})
    ->Args({4, 300})
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace rattan::bench
