#include "clusters/cluster_sections.h"

#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "core/aligned.h"
#include "core/check.h"
#include "core/parallel.h"
#include "scan/checked_matrix.h"
#include "storage/byte_reader.h"
#include "storage/byte_writer.h"

namespace rattan {
namespace {

constexpr const char* section_name = "clusters";

void write_matrix(ByteWriter& out, const MatrixView& means) {
  out.u32(static_cast<std::uint32_t>(means.dtype));
  for (std::size_t i = 0; i < means.rows; ++i) {
    out.bytes({static_cast<const std::byte*>(means.row(i)), means.row_bytes()});
  }
}

SharedMatrix read_matrix(ByteReader& in, const char* name, std::size_t rows, std::size_t cols) {
  const auto dtype = static_cast<DType>(in.number_in<std::uint32_t>("dtype", 0, 2));
  const std::uint64_t elements = checked_mul(rows, cols, name);
  const auto bytes = in.take(checked_mul(elements, dtype_size(dtype), name), name);
  const auto memory = std::make_shared<AlignedVector<std::byte>>(bytes.begin(), bytes.end());
  const MatrixView means(memory->data(), dtype, rows, cols);
  try {
    check_finite(means, name, serial_executor());
  } catch (const Error& error) {
    fail(ErrorCode::corrupt, in.name(), ": ", error.what());
  }
  return {means, memory};
}

std::vector<float> read_spreads(ByteReader& in, std::size_t count) {
  std::vector<float> spreads = in.array<float>(count, "spreads");
  for (const float spread : spreads) {
    if (!(spread >= 0 && spread < std::numeric_limits<float>::infinity())) {
      fail(ErrorCode::corrupt, in.name(), ": a spread is ", spread, ", allowed are positive numbers");
    }
  }
  return spreads;
}

}  // namespace

// The counts follow from the clusters of the keys.
void add_clusters(ContainerWriter& writer, const KeyClusters& clusters) {
  if (clusters.clusters() == 0) return;
  ByteWriter out;
  out.u32(static_cast<std::uint32_t>(clusters.clusters()));
  write_matrix(out, clusters.centroids());
  write_matrix(out, clusters.mean_values());
  write_matrix(out, clusters.covariance());
  out.array(clusters.spreads());
  out.array(clusters.cluster_ids());
  writer.add(section_name, out.take());
}

KeyClusters read_clusters(const Container& container, std::size_t keys, std::size_t key_dim, std::size_t value_dim) {
  if (!container.has(section_name)) return {};
  ByteReader in = container.section(section_name);
  const auto count = in.number_in<std::uint32_t>("number of clusters", 1, 1U << 16);
  SharedMatrix centroids = read_matrix(in, "centroids", count, key_dim);
  SharedMatrix mean_values = read_matrix(in, "mean values", count, value_dim);
  SharedMatrix covariance = read_matrix(in, "covariance", key_dim, key_dim);
  if (covariance.view.dtype != DType::f32) fail(ErrorCode::corrupt, in.name(), ": the covariance is not f32");
  std::vector<float> spreads = read_spreads(in, count);
  std::vector<std::uint16_t> ids = in.array<std::uint16_t>(keys, "clusters of keys");
  in.expect_end();
  std::vector<float> counts(count);
  for (const std::uint16_t id : ids) {
    if (id >= count) fail(ErrorCode::corrupt, in.name(), ": a key is in cluster ", id, ", allowed is below ", count);
    counts[id] += 1;
  }
  return {0,
          std::move(centroids),
          std::move(mean_values),
          std::move(covariance),
          std::move(counts),
          std::move(spreads),
          std::move(ids)};
}

}  // namespace rattan
