#include "bench/inputs/kinds.h"

#include <algorithm>
#include <cstring>

#include "bench/inputs/baseline_kinds.h"
#include "bench/inputs/text.h"
#include "bench/inputs/usage_error.h"
#include "core/build_timer.h"
#include "core/parallel.h"
#include "index/auto_index.h"
#include "index/baselines/hnsw.h"
#include "index/baselines/ivf.h"
#include "index/graph_index.h"
#include "index/registry.h"

namespace rattan::bench {
namespace {

constexpr std::size_t most_entries = 16;

constexpr Variant all_variants[] = {
    {"flat", {"flat"}, true, false, "exact scan, one pass over the keys for the whole group"},
    {"scan4", {"scan4"}, true, false, "pass over 4-bit codes for the whole group, best read in full"},
    {"ivf", {"ivf"}, false, false, "k-means lists, one head at a time"},
    {"ivf:group", {"ivf"}, true, false, "the same, a list is read once for the whole group"},
    {"hnsw", {"hnsw"}, false, false, "hnswlib, one head at a time"},
    {"hnsw:group", {"hnsw", true}, true, false, "HNSW's lowest level under the group walk"},
    {"hnsw:group-start", {"hnsw", true}, true, true, "the same from the last step's keys"},
    {"graph", {"graph"}, true, true, "Rattan's graph, group walk, from the last step's keys"},
    {"graph:nostart", {"graph"}, true, false, "the same from the entry points only"},
    {"auto", {"auto"}, true, true, "the fastest of flat, scan4 and graph, calibrated for each --recall"},
    {"graph:keys", {"graph"}, true, true, "the same without codes: every key is read in full", false},
    {"graph:single", {"graph"}, false, true, "the graph one head at a time, with start keys"},
    {"graph:single-nostart", {"graph"}, false, false, "the graph one head at a time from the entry points only"},
};

// The row that builds; the registry's own rows only open the baselines.
const IndexKind& row_of(std::string_view name) {
  const auto baselines = baseline_kinds();
  const auto row = std::ranges::find(baselines, name, &IndexKind::name);
  return row != baselines.end() ? *row : *find_kind(name);
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

std::uint32_t widest_setting(const Index& index) {
  const auto* const ivf = dynamic_cast<const IvfIndex*>(&index);
  const std::size_t widest = ivf != nullptr ? ivf->lists().count() : index.size();
  return static_cast<std::uint32_t>(std::clamp<std::size_t>(widest, 1, no_key - 1));
}

// Links are made where the kind takes some, calibration queries are gathered and kept out of them where it needs those.
BuiltIndex build_one(const IndexKind& kind, const HeadProblem& problem, const BuildOptions& options,
                     const ExactTopK& exact) {
  BuiltIndex built;
  BuildTimer timer(&built.stats);
  BuildInputs inputs{.keys = CheckedMatrix(problem.keys, "keys", executor_or_default(options.executor)),
                     .params = options,
                     .executor = options.executor};
  LinkOptions link_options = options.links;
  SharedMatrix calibration;
  if (kind.calibrates) {
    const std::size_t rows = problem.group.prefill_queries.front().view.rows;
    link_options.left_out = std::clamp<std::size_t>(rows / 16, 1, 64);
    calibration = calibration_queries(problem, link_options.left_out);
    inputs.calibration = calibration.view;
    inputs.params.automatic.with_start_keys = true;
    inputs.params.automatic.k = problem.k;
    inputs.params.automatic.group = static_cast<std::uint32_t>(problem.heads);
  }
  std::vector<NeighborTable> links;
  if (kind.needs_links || kind.calibrates) {
    links = make_links(problem, link_options, exact);
    inputs.links = links;
    timer.stage("links");
  }
  built.index = kind.build(inputs, &built.stats);
  built.max_setting = kind.width ? widest_setting(*built.index) : 1;
  if (const auto* chooser = dynamic_cast<const AutoIndex*>(built.index.get())) built.label = chooser->chosen().kind();
  return built;
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

std::vector<std::string> kind_names() {
  std::vector<std::string> names;
  for (const Variant& variant : all_variants) {
    if (variant.name == variant.build.name) names.emplace_back(variant.name);
  }
  return names;
}

bool is_available(const Variant& variant) { return row_of(variant.build.name).available; }

WidthKnob Variant::knob() const { return find_kind(build.group_walk ? "graph" : build.name)->width; }

void set_build_run(BuildOptions& build, std::uint64_t seed, Executor* executor) {
  build.graph.seed = build.ivf.seed = build.hnsw.seed = seed;
  build.graph.executor = build.executor = executor;
}

BuiltIndex group_walk_over(const BuiltIndex& hnsw, const HeadProblem& problem) {
  const HnswLayers& layers = dynamic_cast<const HnswIndex&>(*hnsw.index).layers();
  Graph graph = layers.level0;
  graph.entry_points = entry_points_of(layers);
  BuiltIndex built;
  built.index =
      std::make_unique<GraphIndex>(CheckedMatrix::trusted(problem.keys), Metric::inner_product, std::move(graph));
  built.stats = hnsw.stats;
  built.max_setting = hnsw.max_setting;
  return built;
}

std::vector<BuiltIndex> build_indexes(BuildKind kind, const HeadProblem& problem, const BuildOptions& options,
                                      const ExactTopK& exact) {
  std::vector<BuiltIndex> built;
  if (kind.group_walk) {
    for (const BuiltIndex& hnsw : build_indexes({kind.name}, problem, options, exact)) {
      built.push_back(group_walk_over(hnsw, problem));
    }
    return built;
  }
  const IndexKind& row = row_of(kind.name);
  if (kind.name == "auto" && !options.auto_recalls.empty()) {
    for (const double recall : options.auto_recalls) {
      BuildOptions one = options;
      one.automatic.recall = recall;
      built.push_back(build_one(row, problem, one, exact));
      built.back().label += " for " + significant(recall, 3);
    }
    return built;
  }
  if (kind.name != "ivf") {
    built.push_back(build_one(row, problem, options, exact));
    return built;
  }
  for (const bool spherical : {false, true}) {
    if (options.ivf_spherical.value_or(spherical) != spherical) continue;
    BuildOptions one = options;
    one.ivf.spherical = spherical;
    built.push_back(build_one(row, problem, one, exact));
    built.back().label = spherical ? "spherical" : "plain";
  }
  return built;
}

}  // namespace rattan::bench
