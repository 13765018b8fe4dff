#include "index/baselines/hnsw_layers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "storage/byte_writer.h"
#include "tests/support/errors.h"

namespace rattan {
namespace {

using test::expect_error;

// Four slots a key: twice max_degree.
Graph level0_of(const std::vector<std::vector<KeyId>>& edges) {
  Graph graph(edges.size(), 4);
  for (std::size_t key = 0; key < edges.size(); ++key) {
    std::copy(edges[key].begin(), edges[key].end(), graph.slots(static_cast<KeyId>(key)).begin());
  }
  return graph;
}

// Five keys; 1, 2 and 4 reach the first upper layer, 4 the second.
HnswLayers small_layers() {
  HnswLayers layers;
  layers.max_degree = 2;
  layers.build_beam = 10;
  layers.seed = 3;
  layers.entry = 4;
  layers.level0 = level0_of({{1, 2}, {0, 4}, {1, 3}, {0}, {2}});
  layers.upper.push_back({{1, 2, 4}, {0, 1, 2, 4}, {4, 1, 1, 2}});
  layers.upper.push_back({{4}, {0, 0}, {}});
  return layers;
}

Container container_of(const HnswLayers& layers) {
  ContainerWriter writer("hnsw");
  write_hnsw_layers(layers, writer);
  return Container::parse(writer.bytes(), "layers");
}

TEST(HnswLayers, FindsNeighborsByKey) {
  const HnswLayers layers = small_layers();
  const auto of_four = layers.upper[0].neighbors(4);
  EXPECT_EQ(std::vector<KeyId>(of_four.begin(), of_four.end()), (std::vector<KeyId>{1, 2}));
  EXPECT_TRUE(layers.upper[0].contains(2));
  EXPECT_FALSE(layers.upper[0].contains(3));
  EXPECT_TRUE(layers.upper[1].neighbors(4).empty());
}

TEST(HnswLayers, ReadsWhatWasWritten) {
  const HnswLayers wrote = small_layers();
  const HnswLayers read = read_hnsw_layers(container_of(wrote), 5);
  EXPECT_EQ(read.max_degree, wrote.max_degree);
  EXPECT_EQ(read.build_beam, wrote.build_beam);
  EXPECT_EQ(read.seed, wrote.seed);
  EXPECT_EQ(read.entry, wrote.entry);
  EXPECT_EQ(read.level0, wrote.level0);
  ASSERT_EQ(read.upper.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(read.upper[i].nodes, wrote.upper[i].nodes);
    EXPECT_EQ(read.upper[i].offsets, wrote.upper[i].offsets);
    EXPECT_EQ(read.upper[i].ids, wrote.upper[i].ids);
  }
}

TEST(HnswLayers, NoKeysAreReadBackToo) {
  HnswLayers empty;
  empty.max_degree = 16;
  empty.build_beam = 200;
  const HnswLayers read = read_hnsw_layers(container_of(empty), 0);
  EXPECT_EQ(read.entry, no_key);
  EXPECT_TRUE(read.upper.empty());
}

void expect_corrupt(std::string_view part, const std::function<void(HnswLayers&)>& lie) {
  HnswLayers layers = small_layers();
  lie(layers);
  expect_error(ErrorCode::corrupt, part, [&] { read_hnsw_layers(container_of(layers), 5); });
}

// FAULTS A5, with correct checksums: neighbour ids, levels, entry point.
TEST(HnswLayers, A5_IdsOutsideTheirLayerAreCorrupt) {
  expect_corrupt("edge to key 5", [](HnswLayers& l) { l.level0.slots(4)[0] = 5; });
  expect_corrupt("edge to key 4294967295", [](HnswLayers& l) { l.level0.slots(0)[0] = no_key; });
  expect_corrupt("edge to 3", [](HnswLayers& l) { l.upper[0].ids[0] = 3; });
  expect_corrupt("node 5", [](HnswLayers& l) { l.upper[0].nodes[2] = 5; });
  expect_corrupt("node 3", [](HnswLayers& l) { l.upper[1].nodes[0] = 3; });
  expect_corrupt("do not rise", [](HnswLayers& l) { l.upper[0].nodes = {2, 1, 4}; });
  expect_corrupt("do not rise", [](HnswLayers& l) { l.upper[0].nodes = {1, 1, 4}; });
  expect_corrupt("entry point 2", [](HnswLayers& l) { l.entry = 2; });
  expect_corrupt("entry point 4294967295", [](HnswLayers& l) { l.entry = no_key; });
  expect_corrupt("entry point 9", [](HnswLayers& l) {
    l.upper.clear();
    l.entry = 9;
  });
}

// FAULTS A1, A6, A13, A18.
TEST(HnswLayers, A1_A6_A18_CountsThatDisagreeAreCorrupt) {
  expect_corrupt("offset", [](HnswLayers& l) { l.upper[0].offsets[2] = 9; });
  expect_corrupt("degrees", [](HnswLayers& l) { l.level0 = level0_of({{1}, {2}, {3}, {0}}); });
  expect_corrupt("degrees", [](HnswLayers& l) { l.level0 = level0_of({{1}, {2}, {3}, {0}, {0}, {0}}); });
  expect_corrupt("nodes", [](HnswLayers& l) { l.upper[1] = {{}, {0}, {}}; });
  expect_corrupt("max_degree", [](HnswLayers& l) { l.max_degree = 513; });
  expect_corrupt("max_degree", [](HnswLayers& l) { l.max_degree = 0; });
  expect_corrupt("build_beam", [](HnswLayers& l) { l.build_beam = 0; });
  expect_corrupt("upper layers", [](HnswLayers& l) { l.upper.resize(65, l.upper[1]); });
}

// Degrees and edges as separate sections, with correct checksums, that contradict each other or the settings.
TEST(HnswLayers, A1_A18_DegreesAreCheckedAgainstEdgesAndSettings) {
  const auto expect_refused = [](std::string_view part, const std::vector<std::uint32_t>& degrees, std::size_t links) {
    ContainerWriter writer("hnsw");
    ByteWriter settings;
    for (const std::uint32_t field : {2U, 10U, 3U, 0U, 0U, 0U}) settings.u32(field);
    ByteWriter degree_bytes;
    degree_bytes.array(degrees);
    ByteWriter edges;
    for (std::size_t i = 0; i < links; ++i) edges.u32(0);
    writer.add("settings", settings.take());
    writer.add("degrees", degree_bytes.take());
    writer.add("edges", edges.take());
    writer.add("upper", {});
    const Container container = Container::parse(writer.bytes(), "forged");
    expect_error(ErrorCode::corrupt, part, [&] { read_hnsw_layers(container, 3); });
  };
  expect_refused("degree 5", {5, 0, 0}, 5);
  expect_refused("degree 4294967295", {no_key, 0, 0}, 5);
  expect_refused("edges", {4, 4, 0}, 7);
  expect_refused("edges", {4, 4, 0}, 9);
}

}  // namespace
}  // namespace rattan
