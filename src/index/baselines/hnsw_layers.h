// What an HNSW index holds: the links of every layer, as hnswlib left them, renamed from insertion order to key ids.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph/graph.h"
#include "rattan/types.h"
#include "storage/container.h"

namespace rattan {

// One upper layer: its nodes in ascending order and their links, to nodes of the same layer.
struct HnswLayer {
  std::vector<KeyId> nodes;
  std::vector<std::uint32_t> offsets;  // nodes + 1
  std::vector<KeyId> ids;

  bool contains(KeyId key) const noexcept;
  // `key` must be a node.
  std::span<const KeyId> neighbors(KeyId key) const noexcept;
};

struct HnswLayers {
  std::uint32_t max_degree = 0;
  std::uint32_t build_beam = 0;
  std::uint64_t seed = 0;
  KeyId entry = no_key;          // a node of the highest layer; no_key where there is no key
  Graph level0;                  // of stride 2 * max_degree; without entry points, because the layers above lead in
  std::vector<HnswLayer> upper;  // upper[0] lies right above level0; each layer's nodes are nodes of the one below
};

void write_hnsw_layers(const HnswLayers& layers, ContainerWriter& writer);

// Throws Error(corrupt) unless the sections describe layers over exactly `rows` keys in which every walk stays inside.
HnswLayers read_hnsw_layers(const Container& container, std::size_t rows);

}  // namespace rattan
