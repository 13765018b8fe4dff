#include "clusters/cluster_sections.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "storage/byte_writer.h"
#include "tests/support/errors.h"
#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

KeyClusters made_clusters() {
  ClusterParams params;
  params.clusters = 8;
  params.executor = &serial_executor();
  return {checked(random_matrix(200, 12, 1)), checked(random_matrix(200, 6, 2)), 0, params};
}

Container parsed(const ContainerWriter& writer) { return Container::parse(writer.bytes(), "made"); }

TEST(ClusterSections, AreReadBackAsTheyWere) {
  const KeyClusters clusters = made_clusters();
  ContainerWriter writer("kv_head");
  add_clusters(writer, clusters);
  const KeyClusters read = read_clusters(parsed(writer), 200, 12, 6);
  ASSERT_EQ(read.clusters(), clusters.clusters());
  EXPECT_EQ(read.ids(), clusters.ids());
  for (KeyId id = 0; id < 200; ++id) EXPECT_EQ(read.cluster_of(id), clusters.cluster_of(id));
  for (std::size_t c = 0; c < clusters.clusters(); ++c) {
    EXPECT_EQ(read.counts()[c], clusters.counts()[c]);
    EXPECT_EQ(row_values(read.centroids(), c), row_values(clusters.centroids(), c));
    EXPECT_EQ(row_values(read.mean_values(), c), row_values(clusters.mean_values(), c));
    EXPECT_EQ(read.spreads()[c], clusters.spreads()[c]);
  }
  for (std::size_t i = 0; i < 12; ++i)
    EXPECT_EQ(row_values(read.covariance(), i), row_values(clusters.covariance(), i));
}

TEST(ClusterSections, NoneAreNoSection) {
  ContainerWriter writer("kv_head");
  add_clusters(writer, {});
  EXPECT_EQ(read_clusters(parsed(writer), 200, 12, 6).clusters(), 0U);
}

TEST(ClusterSections, OtherDimsOrKeysAreCorrupt) {
  ContainerWriter writer("kv_head");
  add_clusters(writer, made_clusters());
  const Container container = parsed(writer);
  expect_error(ErrorCode::corrupt, "clusters", [&] { read_clusters(container, 199, 12, 6); });
  expect_error(ErrorCode::corrupt, "clusters", [&] { read_clusters(container, 201, 12, 6); });
  expect_error(ErrorCode::corrupt, "clusters", [&] { read_clusters(container, 200, 13, 6); });
  expect_error(ErrorCode::corrupt, "clusters", [&] { read_clusters(container, 200, 12, 5000); });
}

TEST(ClusterSections, NumbersThatContradictEachOtherAreCorrupt) {
  const auto with = [](std::uint32_t count, std::uint32_t dtype, float mean, float spread, std::uint16_t cluster) {
    ByteWriter out;
    out.u32(count);
    out.u32(dtype);
    out.f32(mean);  // one centroid of dim 1
    out.u32(0);
    out.f32(2);  // one mean value
    out.u32(0);
    out.f32(3);  // the covariance
    out.f32(spread);
    out.u16(cluster);
    ContainerWriter writer("kv_head");
    writer.add("clusters", out.take());
    return parsed(writer);
  };
  EXPECT_EQ(read_clusters(with(1, 0, 1, 1, 0), 1, 1, 1).counts()[0], 1.0F);
  const auto expect_corrupt = [](const Container& container) {
    expect_error(ErrorCode::corrupt, "made", [&] { read_clusters(container, 1, 1, 1); });
  };
  constexpr float infinity = std::numeric_limits<float>::infinity();
  expect_corrupt(with(0, 0, 1, 1, 0));
  expect_corrupt(with(1U << 17, 0, 1, 1, 0));
  expect_corrupt(with(1, 3, 1, 1, 0));
  expect_corrupt(with(1, 0, infinity, 1, 0));
  expect_corrupt(with(1, 0, 1, -1, 0));
  expect_corrupt(with(1, 0, 1, infinity, 0));
  expect_corrupt(with(1, 0, 1, 1, 1));
}

}  // namespace
}  // namespace rattan::test
