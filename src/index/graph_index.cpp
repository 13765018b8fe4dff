#include "index/graph_index.h"

#include <algorithm>

#include "core/check.h"
#include "core/parallel.h"
#include "graph/audit.h"
#include "graph/build.h"
#include "index/graph_sections.h"
#include "index/identity.h"
#include "scan/checked_matrix.h"
#include "storage/byte_reader.h"
#include "storage/byte_writer.h"

namespace rattan {
namespace {

// Of an opened file: what GraphBuildParams::max_degree allows.
constexpr std::uint32_t max_stride = 1024;

std::optional<CodeLayout> layout_of(Metric metric, std::uint32_t bits) noexcept {
  if (bits == 0 || metric != Metric::inner_product) return std::nullopt;
  return bits == 8 ? CodeLayout::rows8 : CodeLayout::rows4;
}

std::optional<KeyCodes> make_codes(const MatrixView& keys, Metric metric, std::uint32_t bits, Executor* executor) {
  const std::optional<CodeLayout> layout = layout_of(metric, bits);
  if (!layout) return std::nullopt;
  return KeyCodes(keys, *layout, executor_or_default(executor));
}

std::uint32_t bits_of(const std::optional<KeyCodes>& codes) {
  if (!codes) return 0;
  return codes->layout() == CodeLayout::rows8 ? 8 : 4;
}

}  // namespace

GraphIndex::GraphIndex(const CheckedMatrix& keys, Metric metric, Graph graph, std::uint32_t code_bits,
                       Executor* executor)
    : Index(keys, metric),
      graph_(std::move(graph)),
      codes_(make_codes(this->keys(), metric, code_bits, executor)),
      rows_(Scorer(this->keys(), metric)) {
  if (graph_.keys() != size()) {
    fail(ErrorCode::invalid_argument, "graph has ", graph_.keys(), " nodes, allowed is ", size(), " (one per key)");
  }
  check_range<std::uint32_t>("graph stride", graph_.stride(), size() == 0 ? 0 : 1, max_stride);
  if (graph_.entry_points.empty() && size() != 0) {
    fail(ErrorCode::invalid_argument, "graph has 0 entry points, allowed is at least 1");
  }
  rows_.graph.emplace(graph_);
  if (codes_) rows_.codes.emplace(*codes_);
}

MemoryUse GraphIndex::memory() const {
  MemoryUse use{{{"edges", graph_.edge_bytes()}, {"entry_points", graph_.entry_points.size() * sizeof(KeyId)}}};
  if (codes_) use.parts.emplace_back("codes", codes_->bytes());
  return use;
}

std::size_t graph_bytes(std::size_t keys, std::size_t dim, Metric metric, const GraphBuildParams& params) noexcept {
  const std::optional<CodeLayout> codes = layout_of(metric, params.code_bits);
  const std::size_t ids = keys * params.max_degree + std::min<std::size_t>(params.entry_points, keys);
  return ids * sizeof(KeyId) + (codes ? KeyCodes::bytes_for(keys, dim, *codes) : 0);
}

std::string GraphIndex::describe() const {
  const GraphAudit found = audit(graph_);
  const double mean = found.keys == 0 ? 0.0 : static_cast<double>(found.edges) / static_cast<double>(found.keys);
  return message("metric: ", to_string(metric()), "\nedges: ", found.edges, "\ndegree: ", found.min_degree, " to ",
                 found.max_degree, ", mean ", mean, "\nentry points: ", graph_.entry_points.size(),
                 "\nunreachable keys: ", found.unreachable, "\ndepth: ", found.depth, "\ncode bits: ", bits_of(codes_),
                 "\noutliers: ", codes_ ? SplitCodes(*codes_).outliers() : 0, "\n");
}

void GraphIndex::search_checked(MatrixView queries, const SearchParams& params, NeighborTable& table) const {
  search_rows(rows_, queries, params, table, scratches_);
}

void GraphIndex::write_sections(ContainerWriter& writer) const {
  ByteWriter settings;
  settings.u32(graph_.stride());
  settings.u32(bits_of(codes_));  // codes are made anew from the keys
  writer.add("settings", settings.take());
  add_edges(writer, graph_);
  ByteWriter entries;
  entries.array(graph_.entry_points);
  writer.add("entry_points", entries.take());
}

namespace {

std::vector<KeyId> read_entry_points(ByteReader reader, std::size_t rows) {
  std::vector<KeyId> ids = reader.array<KeyId>(reader.remaining() / sizeof(KeyId), "entry_points");
  reader.expect_end();
  if (ids.empty() != (rows == 0)) {
    fail(ErrorCode::corrupt, reader.name(), ": entry_points has ", ids.size(), " keys, allowed is at least 1, and none",
         " only for an index of no keys");
  }
  for (const KeyId id : ids) {
    if (id >= rows) fail(ErrorCode::corrupt, reader.name(), ": entry point is key ", id, ", allowed is below ", rows);
  }
  return ids;
}

}  // namespace

std::unique_ptr<Index> open_graph(const Container& container, const CheckedMatrix& keys, Metric metric,
                                  Executor& executor) {
  const std::size_t rows = keys.rows();
  ByteReader settings = container.section("settings");
  const auto stride = settings.number_in<std::uint32_t>("stride", 1, max_stride);
  // Files of version 0.1.0 end here.
  const auto code_bits = settings.remaining() == 0 ? 0 : settings.number_in<std::uint32_t>("code_bits", 0, 8);
  settings.expect_end();
  if (code_bits != 0 && code_bits != 4 && code_bits != 8) {
    fail(ErrorCode::corrupt, settings.name(), ": code_bits is ", code_bits, ", allowed is 0, 4 or 8");
  }
  Graph graph = read_edges(container, rows, stride);
  graph.entry_points = read_entry_points(container.section("entry_points"), rows);
  return std::make_unique<GraphIndex>(keys, metric, std::move(graph), code_bits, &executor);
}

std::unique_ptr<Index> build_graph(SharedMatrix keys, std::span<const NeighborTable> links, Metric metric,
                                   const GraphBuildParams& params, BuildStats* stats) {
  return build_graph(CheckedMatrix(std::move(keys), "keys", executor_or_default(params.executor)), links, metric,
                     params, stats);
}

std::unique_ptr<Index> build_graph(const CheckedMatrix& keys, std::span<const NeighborTable> links, Metric metric,
                                   const GraphBuildParams& params, BuildStats* stats) {
  Graph graph = build_graph_edges(keys.view(), links, params, stats);
  return std::make_unique<GraphIndex>(keys, metric, std::move(graph), params.code_bits, params.executor);
}

}  // namespace rattan
