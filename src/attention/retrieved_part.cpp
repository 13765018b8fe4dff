#include "attention/retrieved_part.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "attention/retrieved_keys.h"
#include "attention/running_softmax.h"
#include "attention/scratch.h"
#include "core/aligned.h"
#include "core/check.h"
#include "simd/kernels.h"

namespace rattan {
namespace {

// The lightest clusters that hold less than this share of the softmax together: their values are not read.
constexpr double negligible_share = 1e-4;

// The mass below which clusters are left out of the output. Masses are sorted into powers of two, which one pass does.
float negligible_mass(const RowWeights& weights) {
  constexpr int mantissa_bits = 23;
  std::array<double, 256> by_exponent{};
  for (const float mass : weights.masses) {
    by_exponent[std::bit_cast<std::uint32_t>(mass) >> mantissa_bits & 0xffU] += static_cast<double>(mass);
  }
  double allowed = negligible_share * (weights.retrieved_sum + weights.unread_sum);
  std::uint32_t exponent = 0;
  while (exponent < 255 && by_exponent[exponent] <= allowed) allowed -= by_exponent[exponent++];
  return std::bit_cast<float>(exponent << mantissa_bits);
}

// Adds the value sums of whole clusters, weighted, but for those of less mass than `least`.
void add_clusters(std::span<const KeyClusters* const> clusters, const RowWeights& weights, float least,
                  std::span<float> output, AttentionScratch& scratch) {
  std::size_t first = 0;
  for (const KeyClusters* block : clusters) {
    grow(scratch->rows, block->clusters());
    grow(scratch->weights, block->clusters());
    const MatrixView means = block->mean_values();
    std::size_t kept = 0;
    for (std::size_t c = 0; c < block->clusters(); ++c) {
      const float mass = weights.masses[first + c];
      if (mass < least || mass == 0) continue;
      scratch->weights[kept] = weights.unread[first + c] * block->counts()[c];
      scratch->rows[kept++] = means.row(c);
    }
    const auto add = simd::kernels().add_weighted(means.dtype);
    add(scratch->weights.data(), 1, kept, scratch->rows.data(), kept, output.size(), output.data());
    first += block->clusters();
  }
}

// The unread keys' sum of values is the cluster's less that of its retrieved keys: the estimated weight goes off the
// weights of those, so that every value is read once.
void add_retrieved(std::span<const KeyId> ids, const RowWeights& weights, float least, const SplitRows& values,
                   std::span<float> output, AttentionScratch& scratch) {
  grow(scratch->rows, ids.size());
  grow(scratch->weights, ids.size());
  const bool estimated = !weights.masses.empty();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] >= values.rows()) {
      fail(ErrorCode::invalid_argument, "ids[", i, "] is ", ids[i], ", allowed is below ", values.rows());
    }
    scratch->rows[i] = values.row(ids[i]);
    scratch->weights[i] = weights.retrieved[i];
    const std::uint32_t cluster = weights.clusters[i];
    if (estimated && cluster != no_key && weights.masses[cluster] >= least) {
      scratch->weights[i] -= weights.unread[cluster];
    }
  }
  const auto add = simd::kernels().add_weighted(values.dtype());
  add(scratch->weights.data(), 1, ids.size(), scratch->rows.data(), ids.size(), output.size(), output.data());
}

void attend_row(std::size_t row, const Retrieved& retrieved, const RowWeights& weights,
                std::span<const KeyClusters* const> clusters, const SplitRows& values, AttentionPart& part,
                AttentionScratch& scratch) {
  std::ranges::fill(part.output, 0.0F);
  part.lse = weights.lse();
  if (weights.top == log_of_nothing) return;
  check_lse(row, part.lse);
  const bool estimated = !weights.masses.empty();
  const float least = estimated ? negligible_mass(weights) : 0;
  if (estimated) add_clusters(clusters, weights, least, part.output, scratch);
  add_retrieved(retrieved.ids.first(weights.retrieved.size()), weights, least, values, part.output, scratch);
  const auto factor = static_cast<float>(1 / (weights.retrieved_sum + weights.unread_sum));
  for (float& x : part.output) x *= factor;
}

}  // namespace

void attend_retrieved(std::span<const Retrieved> retrieved, std::span<const RowWeights> weights,
                      std::span<const KeyClusters* const> clusters, const SplitRows& values,
                      std::span<AttentionPart> parts, AttentionScratch& scratch) {
  if (weights.size() != retrieved.size()) {
    fail(ErrorCode::invalid_argument, "retrieved has ", retrieved.size(), " entries, weights has ", weights.size());
  }
  check_parts(parts, retrieved.size(), values.cols());
  for (std::size_t row = 0; row < retrieved.size(); ++row) {
    attend_row(row, retrieved[row], weights[row], clusters, values, parts[row], scratch);
  }
}

void attend_found(MatrixView values, std::span<const KeyId> ids, std::span<const float> scores, double scale,
                  AttentionPart& part, AttentionScratch& scratch) {
  check_scale(scale);
  check_parts({&part, 1}, 1, values.cols);
  const std::size_t count = checked({ids, scores}, values.rows).ids.size();

  RunningSoftmax softmax(1, values.cols, values.dtype, scale, scratch);
  scratch->weights.resize(std::max(scratch->weights.size(), softmax_block));
  scratch->rows.resize(std::max(scratch->rows.size(), softmax_block));
  for (std::size_t begin = 0; begin < count; begin += softmax_block) {
    const std::size_t size = std::min(softmax_block, count - begin);
    std::copy_n(scores.begin() + static_cast<std::ptrdiff_t>(begin), size, scratch->weights.begin());
    for (std::size_t i = 0; i < size; ++i) scratch->rows[i] = values.row(ids[begin + i]);
    softmax.add(scratch->weights.data(), softmax_block, {scratch->rows.data(), size});
  }
  softmax.finish({&part, 1});
}

}  // namespace rattan
