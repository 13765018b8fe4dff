#include "bench/inputs/kinds.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>

#include "bench/inputs/text.h"
#include "bench/inputs/usage_error.h"
#include "index/auto_index.h"
#include "index/baselines/hnsw.h"
#include "index/graph_index.h"

namespace rattan::bench {
namespace {

constexpr std::size_t most_entries = 16;

constexpr Variant all_variants[] = {
    {"flat", BuildKind::flat, Knob::none, true, false, "exact scan, one pass over the keys for the whole group"},
    {"scan4", BuildKind::scan4, Knob::rerank, true, false,
     "pass over 4-bit codes for the whole group, best read in full"},
    {"ivf", BuildKind::ivf, Knob::probes, false, false, "k-means lists, one head at a time"},
    {"ivf:group", BuildKind::ivf, Knob::probes, true, false, "the same, a list is read once for the whole group"},
    {"hnsw", BuildKind::hnsw, Knob::beam_width, false, false, "hnswlib, one head at a time"},
    {"hnsw:group", BuildKind::hnsw_group, Knob::beam_width, true, false, "HNSW's lowest level under the group walk"},
    {"hnsw:group-seed", BuildKind::hnsw_group, Knob::beam_width, true, true, "the same from the last step's keys"},
    {"graph", BuildKind::graph, Knob::beam_width, true, true, "Rattan's graph, group walk, from the last step's keys"},
    {"graph:noseed", BuildKind::graph, Knob::beam_width, true, false, "the same from the entry points only"},
    {"auto", BuildKind::automatic, Knob::none, true, true,
     "the fastest of flat, scan4 and graph at recall 0.95, by calibration"},
    {"graph:keys", BuildKind::graph, Knob::beam_width, true, true, "the same without codes: every key is read in full",
     false},
    {"graph:single", BuildKind::graph, Knob::beam_width, false, true, "the graph one head at a time, seeded"},
    {"graph:single-noseed", BuildKind::graph, Knob::beam_width, false, false,
     "the graph one head at a time from the entry points only"},
};

BuiltIndex build_one_ivf(const HeadProblem& problem, IvfBuildParams params, bool spherical) {
  const std::size_t keys = problem.keys.view.rows;
  if (params.lists == 0) {
    params.lists = std::max(1U, static_cast<std::uint32_t>(std::lround(2 * std::sqrt(static_cast<double>(keys)))));
  }
  params.lists = static_cast<std::uint32_t>(std::min<std::size_t>(params.lists, std::max<std::size_t>(keys, 1)));
  params.spherical = spherical;
  BuiltIndex built;
  built.index = build_ivf(problem.keys, Metric::inner_product, params, &built.stats);
  built.label = spherical ? "spherical" : "plain";
  built.max_setting = params.lists;
  return built;
}

BuiltIndex build_one_graph(const HeadProblem& problem, const BuildOptions& options, const ExactTopK& exact) {
  BuiltIndex built;
  const auto start = std::chrono::steady_clock::now();
  const std::vector<NeighborTable> links = make_links(problem, options.links, exact);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  built.index = build_graph(problem.keys, links, Metric::inner_product, options.graph, &built.stats);
  built.stats.stages.insert(built.stats.stages.begin(), {"links", seconds});
  return built;
}

// From the highest level down; a key of an upper level stands in all levels below it.
std::vector<KeyId> entry_points_of(const HnswLayers& layers) {
  std::vector<KeyId> entries;
  if (layers.entry != no_key) entries.push_back(layers.entry);
  for (auto layer = layers.upper.rbegin(); layer != layers.upper.rend(); ++layer) {
    for (const KeyId node : layer->nodes) {
      if (entries.size() == most_entries) return entries;
      if (std::find(entries.begin(), entries.end(), node) == entries.end()) entries.push_back(node);
    }
  }
  return entries;
}

// Queries of all heads at the last positions of the prefill, step after step: nothing else is as near to the decode
// steps that follow. They are left out of the links.
SharedMatrix calibration_queries(const HeadProblem& problem, std::size_t steps) {
  const auto& heads = problem.group.prefill_queries;
  const MatrixView& first = heads.front().view;
  const std::size_t row_bytes = first.row_bytes();
  auto bytes = std::make_shared<std::vector<std::byte>>(steps * heads.size() * row_bytes);
  for (std::size_t step = 0; step < steps; ++step) {
    for (std::size_t head = 0; head < heads.size(); ++head) {
      std::memcpy(bytes->data() + (step * heads.size() + head) * row_bytes,
                  heads[head].view.row(first.rows - steps + step), row_bytes);
    }
  }
  return {MatrixView(bytes->data(), first.dtype, steps * heads.size(), first.cols), bytes};
}

BuiltIndex build_one_auto(const HeadProblem& problem, const BuildOptions& options, const ExactTopK& exact) {
  const std::size_t rows = problem.group.prefill_queries.front().view.rows;
  const std::size_t calibration_steps = std::clamp<std::size_t>(rows / 16, 1, 64);
  BuiltIndex built;
  const auto start = std::chrono::steady_clock::now();
  LinkOptions link_options = options.links;
  link_options.left_out = calibration_steps;
  const std::vector<NeighborTable> links = make_links(problem, link_options, exact);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  AutoBuildParams params = options.automatic;
  params.seeded = true;
  params.k = problem.k;
  params.group = static_cast<std::uint32_t>(problem.heads);
  params.graph = options.graph;
  const SharedMatrix calibration = calibration_queries(problem, calibration_steps);
  built.index = build_auto(problem.keys, links, calibration.view, Metric::inner_product, params, &built.stats);
  built.stats.stages.insert(built.stats.stages.begin(), {"links", seconds});
  built.label = dynamic_cast<const AutoIndex&>(*built.index).chosen().kind();
  return built;
}

std::uint32_t as_setting(std::size_t keys) {
  return static_cast<std::uint32_t>(std::clamp<std::size_t>(keys, 1, no_key - 1));
}

}  // namespace

std::span<const Variant> variants() { return all_variants; }

std::vector<Variant> parse_variants(std::string_view list) {
  std::vector<Variant> chosen;
  for (const std::string& name : split(list, ',')) {
    const auto found = std::find_if(std::begin(all_variants), std::end(all_variants),
                                    [&](const Variant& variant) { return variant.name == name; });
    if (found == std::end(all_variants)) {
      std::vector<std::string> names;
      for (const Variant& variant : all_variants) names.emplace_back(variant.name);
      throw UsageError("--index names \"" + name + "\", allowed are " + join(names, ", "));
    }
    const bool twice = std::any_of(chosen.begin(), chosen.end(), [&](const Variant& v) { return v.name == name; });
    if (!twice) chosen.push_back(*found);
  }
  return chosen;
}

bool is_available(const Variant& variant) {
  const std::vector<std::string> kinds = available_kinds();
  return std::find(kinds.begin(), kinds.end(), kind_name(variant.build)) != kinds.end();
}

std::string_view kind_name(BuildKind kind) {
  switch (kind) {
    case BuildKind::flat: return "flat";
    case BuildKind::scan4: return "scan4";
    case BuildKind::ivf: return "ivf";
    case BuildKind::hnsw: return "hnsw";
    case BuildKind::hnsw_group: return "hnsw";
    case BuildKind::graph: return "graph";
    case BuildKind::automatic: return "auto";
  }
  return "";
}

void set_build_run(BuildOptions& build, std::uint64_t seed, Executor* executor) {
  build.graph.seed = build.ivf.seed = build.hnsw.seed = seed;
  build.scan4.executor = build.graph.executor = build.ivf.executor = build.hnsw.executor = build.automatic.executor =
      executor;
}

BuiltIndex group_walk_over(const BuiltIndex& hnsw, const HeadProblem& problem) {
  const HnswLayers& layers = dynamic_cast<const HnswIndex&>(*hnsw.index).layers();
  Graph graph = layers.level0;
  graph.entry_points = entry_points_of(layers);
  BuiltIndex built;
  built.index = std::make_unique<GraphIndex>(problem.keys, Metric::inner_product, std::move(graph));
  built.stats = hnsw.stats;
  built.max_setting = hnsw.max_setting;
  return built;
}

std::vector<BuiltIndex> build_indexes(BuildKind kind, const HeadProblem& problem, const BuildOptions& options,
                                      const ExactTopK& exact) {
  std::vector<BuiltIndex> built;
  switch (kind) {
    case BuildKind::flat: {
      BuiltIndex flat;
      flat.index = build_flat(problem.keys);
      built.push_back(std::move(flat));
      break;
    }
    case BuildKind::scan4: {
      BuiltIndex scan4;
      scan4.index = build_scan4(problem.keys, Metric::inner_product, options.scan4, &scan4.stats);
      scan4.max_setting = as_setting(problem.keys.view.rows);
      built.push_back(std::move(scan4));
      break;
    }
    case BuildKind::ivf:
      for (const bool spherical : {false, true}) {
        if (options.ivf_spherical.value_or(spherical) != spherical) continue;
        built.push_back(build_one_ivf(problem, options.ivf, spherical));
      }
      break;
    case BuildKind::hnsw: {
      BuiltIndex hnsw;
      hnsw.index = build_hnsw(problem.keys, Metric::inner_product, options.hnsw, &hnsw.stats);
      hnsw.max_setting = as_setting(problem.keys.view.rows);
      built.push_back(std::move(hnsw));
      break;
    }
    case BuildKind::hnsw_group:
      for (const BuiltIndex& hnsw : build_indexes(BuildKind::hnsw, problem, options, exact)) {
        built.push_back(group_walk_over(hnsw, problem));
      }
      break;
    case BuildKind::automatic: built.push_back(build_one_auto(problem, options, exact)); break;
    case BuildKind::graph:
      built.push_back(build_one_graph(problem, options, exact));
      built.back().max_setting = as_setting(problem.keys.view.rows);
      break;
  }
  return built;
}

}  // namespace rattan::bench
