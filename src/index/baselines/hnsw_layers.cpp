#include "index/baselines/hnsw_layers.h"

#include <algorithm>

#include "core/check.h"
#include "index/graph_sections.h"
#include "storage/byte_reader.h"
#include "storage/byte_writer.h"

namespace rattan {
namespace {

// A layer holds about 1 / max_degree of the one below; 64 are more than 2^32 keys with max_degree 2 ever fill.
constexpr std::uint32_t max_upper_layers = 64;

}  // namespace

bool HnswLayer::contains(KeyId key) const noexcept { return std::binary_search(nodes.begin(), nodes.end(), key); }

std::span<const KeyId> HnswLayer::neighbors(KeyId key) const noexcept {
  const auto at = static_cast<std::size_t>(std::lower_bound(nodes.begin(), nodes.end(), key) - nodes.begin());
  return {ids.data() + offsets[at], static_cast<std::size_t>(offsets[at + 1] - offsets[at])};
}

void write_hnsw_layers(const HnswLayers& layers, ContainerWriter& writer) {
  ByteWriter settings;
  settings.u32(layers.max_degree);
  settings.u32(layers.build_beam);
  settings.u64(layers.seed);
  settings.u32(layers.entry);
  settings.u32(static_cast<std::uint32_t>(layers.upper.size()));
  writer.add("settings", settings.take());

  add_edges(writer, layers.level0);

  ByteWriter upper;
  for (const HnswLayer& layer : layers.upper) {
    upper.u64(layer.nodes.size());
    upper.array(layer.nodes);
    upper.array(layer.offsets);
    upper.array(layer.ids);
  }
  writer.add("upper", upper.take());
}

namespace {

void check_offsets(const ByteReader& in, const std::vector<std::uint32_t>& offsets, std::uint32_t max_degree) {
  if (offsets.front() != 0)
    fail(ErrorCode::corrupt, in.name(), ": offsets begin at ", offsets.front(), " instead of 0");
  for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
    if (offsets[i + 1] < offsets[i] || offsets[i + 1] - offsets[i] > max_degree) {
      fail(ErrorCode::corrupt, in.name(), ": offset ", offsets[i + 1], " follows ", offsets[i],
           ", allowed is a rise of 0 to ", max_degree);
    }
  }
}

HnswLayer read_upper(ByteReader& in, std::size_t rows, const HnswLayers& layers) {
  HnswLayer layer;
  const auto count = in.number_in<std::uint64_t>("nodes of a layer", 1, rows);
  layer.nodes = in.array<KeyId>(count, "nodes");
  layer.offsets = in.array<std::uint32_t>(count + 1, "offsets of a layer");
  check_offsets(in, layer.offsets, layers.max_degree);
  layer.ids = in.array<KeyId>(layer.offsets.back(), "edges of a layer");

  const auto below = [&](KeyId key) { return layers.upper.empty() ? key < rows : layers.upper.back().contains(key); };
  for (std::size_t i = 0; i < layer.nodes.size(); ++i) {
    if (!below(layer.nodes[i])) {
      fail(ErrorCode::corrupt, in.name(), ": node ", layer.nodes[i], " is not in the layer below");
    }
    if (i > 0 && layer.nodes[i] <= layer.nodes[i - 1]) {
      fail(ErrorCode::corrupt, in.name(), ": nodes do not rise at ", layer.nodes[i]);
    }
  }
  for (const KeyId id : layer.ids) {
    if (!layer.contains(id)) fail(ErrorCode::corrupt, in.name(), ": edge to ", id, ", which is not in the layer");
  }
  return layer;
}

void check_entry(const ByteReader& in, std::size_t rows, const HnswLayers& layers) {
  const KeyId entry = layers.entry;
  const bool known = rows == 0              ? entry == no_key
                     : layers.upper.empty() ? entry < rows
                                            : layers.upper.back().contains(entry);
  if (!known) fail(ErrorCode::corrupt, in.name(), ": entry point ", entry, " is not in the highest layer");
}

}  // namespace

HnswLayers read_hnsw_layers(const Container& container, std::size_t rows) {
  HnswLayers layers;
  ByteReader settings = container.section("settings");
  layers.max_degree = settings.number_in<std::uint32_t>("max_degree", 2, 512);
  layers.build_beam = settings.number_in<std::uint32_t>("build_beam", 1, 1U << 20);
  layers.seed = settings.u64("seed");
  layers.entry = settings.u32("entry");
  const auto upper_layers = settings.number_in<std::uint32_t>("upper layers", 0, rows == 0 ? 0 : max_upper_layers);
  settings.expect_end();

  layers.level0 = read_edges(container, rows, 2 * layers.max_degree);
  ByteReader upper = container.section("upper");
  for (std::uint32_t i = 0; i < upper_layers; ++i) layers.upper.push_back(read_upper(upper, rows, layers));
  upper.expect_end();
  check_entry(settings, rows, layers);
  return layers;
}

}  // namespace rattan
