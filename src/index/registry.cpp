#include "index/registry.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>

#include "core/check.h"
#include "core/parallel.h"
#include "index/auto_index.h"
#include "index/baselines/hnsw.h"
#include "index/baselines/ivf.h"
#include "index/flat_index.h"
#include "index/graph_index.h"
#include "index/identity.h"
#include "index/scan4_index.h"

namespace rattan {
namespace {

constexpr std::size_t most_kinds = 32;

template <typename Params>
Params with_executor(Params params, Executor* executor) {
  params.executor = executor;
  return params;
}

constexpr const KeyCodes* pointer_to(const std::optional<KeyCodes>& codes) { return codes ? &*codes : nullptr; }

IndexKind auto_kind() {
  IndexKind kind{.name = "auto", .calibrates = true};
  kind.build = [](const BuildInputs& in, BuildStats* stats) {
    AutoBuildParams params = with_executor(in.params.automatic, in.executor);
    params.graph = in.params.graph;
    return build_auto(in.keys, in.links, in.calibration, in.metric, params, stats);
  };
  kind.open = open_auto;
  kind.growth = [](const Index& index) {
    const auto& chooser = dynamic_cast<const AutoIndex&>(index);
    GrowthParts parts = chooser.width().kind->growth(chooser.chosen());
    parts.width = chooser.width();
    return parts;
  };
  return kind;
}

IndexKind flat_kind() {
  IndexKind kind{.name = "flat", .head_kind = 1, .contender = true, .exact = true};
  kind.build = [](const BuildInputs& in, BuildStats*) -> std::unique_ptr<Index> {
    return std::make_unique<FlatIndex>(in.keys, in.metric);
  };
  kind.open = open_flat;
  kind.bytes = [](std::size_t, std::size_t, Metric, const KindParams&) { return std::size_t{0}; };
  kind.growth = [](const Index&) { return GrowthParts{}; };
  return kind;
}

IndexKind scan4_kind() {
  IndexKind kind{.name = "scan4", .head_kind = 2, .contender = true, .width = rerank_knob};
  kind.build = [](const BuildInputs& in, BuildStats* stats) {
    return build_scan4(in.keys, in.metric, {in.executor}, stats);
  };
  kind.open = open_scan4;
  kind.bytes = [](std::size_t keys, std::size_t dim, Metric metric, const KindParams&) {
    return scan4_bytes(keys, dim, metric);
  };
  kind.growth = [](const Index& index) {
    return GrowthParts{nullptr, pointer_to(dynamic_cast<const Scan4Index&>(index).codes()), {}};
  };
  return kind;
}

IndexKind graph_kind() {
  IndexKind kind{.name = "graph", .head_kind = 3, .contender = true, .needs_links = true, .width = beam_knob};
  kind.build = [](const BuildInputs& in, BuildStats* stats) {
    return build_graph(in.keys, in.links, in.metric, with_executor(in.params.graph, in.executor), stats);
  };
  kind.open = open_graph;
  kind.bytes = [](std::size_t keys, std::size_t dim, Metric metric, const KindParams& params) {
    return graph_bytes(keys, dim, metric, params.graph);
  };
  kind.growth = [](const Index& index) {
    const auto& graph = dynamic_cast<const GraphIndex&>(index);
    return GrowthParts{&graph.graph(), pointer_to(graph.codes()), {}};
  };
  return kind;
}

// The registry opens these and no more: what builds them stands above it, in src/baselines.
std::unique_ptr<Index> build_baseline(const BuildInputs&, BuildStats*) {
  fail(ErrorCode::unsupported, "ivf and hnsw are built by rattan::baselines (rattan/baselines.h) alone");
}

IndexKind hnsw_kind() {
  IndexKind kind{.name = "hnsw", .available = false, .width = beam_knob};
  kind.build = build_baseline;
  kind.open = open_hnsw;
  return kind;
}

IndexKind ivf_kind() {
  IndexKind kind{.name = "ivf", .available = false, .width = probes_knob};
  kind.build = build_baseline;
  kind.open = open_ivf;
  return kind;
}

// Rows never move: readers need no lock.
struct Registry {
  std::array<IndexKind, most_kinds> rows{auto_kind(), flat_kind(), graph_kind(), hnsw_kind(), ivf_kind(), scan4_kind()};
  std::atomic<std::size_t> count{6};
  std::mutex adding;
};

Registry& registry() {
  static Registry kinds;
  return kinds;
}

template <typename Predicate>
const IndexKind* find_row(const Predicate& wanted) noexcept {
  const auto kinds = index_kinds();
  const auto row = std::find_if(kinds.begin(), kinds.end(), wanted);
  return row == kinds.end() ? nullptr : &*row;
}

}  // namespace

std::span<const IndexKind> index_kinds() noexcept {
  const Registry& kinds = registry();
  return {kinds.rows.data(), kinds.count.load(std::memory_order_acquire)};
}

void add_index_kind(const IndexKind& kind) {
  Registry& kinds = registry();
  const std::lock_guard lock(kinds.adding);
  const std::size_t count = kinds.count.load(std::memory_order_relaxed);
  if (kind.name.empty() || kind.name.size() > 15 || find_kind(kind.name) != nullptr) {
    fail(ErrorCode::invalid_argument, "IndexKind::name is \"", kind.name,
         "\", allowed are 1 to 15 characters that name no other kind");
  }
  const std::uint32_t next = last_head_kind() + 1;
  if (kind.head_kind != 0 && kind.head_kind != next) {
    fail(ErrorCode::invalid_argument, "IndexKind::head_kind is ", kind.head_kind, ", allowed is 0 or the next, ", next);
  }
  if (kind.build == nullptr || kind.open == nullptr) {
    fail(ErrorCode::invalid_argument, "IndexKind::build or open of \"", kind.name, "\" is null");
  }
  if (kind.contender && (kind.growth == nullptr || kind.bytes == nullptr)) {
    fail(ErrorCode::invalid_argument, "IndexKind::growth or bytes of the contender \"", kind.name, "\" is null");
  }
  check_range<std::size_t>("number of kinds", count + 1, 1, most_kinds);
  kinds.rows[count] = kind;
  kinds.count.store(count + 1, std::memory_order_release);
}

const IndexKind* find_kind(std::string_view name) noexcept {
  return find_row([&](const IndexKind& kind) { return kind.name == name; });
}

const IndexKind* find_head_kind(std::uint32_t number) noexcept {
  return find_row([&](const IndexKind& kind) { return kind.head_kind == number && number != 0; });
}

std::uint32_t last_head_kind() noexcept { return std::ranges::max(index_kinds(), {}, &IndexKind::head_kind).head_kind; }

const IndexKind& kind_of(const Index& index) {
  const IndexKind* const kind = find_kind(index.kind());
  if (kind == nullptr) fail(ErrorCode::unsupported, "index is of kind \"", index.kind(), "\", which is not registered");
  return *kind;
}

std::vector<std::string> available_kinds() {
  std::vector<std::string> names;
  for (const IndexKind& kind : index_kinds()) {
    if (kind.available) names.emplace_back(kind.name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::unique_ptr<Index> open_index(const std::filesystem::path& path, SharedMatrix keys, Executor* executor) {
  check_matrix(keys.view, "keys");
  const Container container = Container::open(path);
  const IndexKind* const kind = find_kind(container.kind());
  if (kind == nullptr) {
    fail(ErrorCode::version, container.name(), ": kind is \"", container.kind(),
         "\", which this version does not know");
  }
  const Metric metric = check_identity(container, keys.view);
  Executor& runner = executor_or_default(executor);
  return kind->open(container, CheckedMatrix(std::move(keys), "keys", runner), metric, runner);
}

}  // namespace rattan
