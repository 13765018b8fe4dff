#include "tests/support/reference.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "core/top_k.h"
#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

bool is_visible(const Visibility& visible, std::size_t row, KeyId id) {
  if (!visible.range.contains(id)) return false;
  if (visible.positions.empty()) return true;
  return static_cast<std::int64_t>(id) + static_cast<std::int64_t>(visible.recent) <= visible.positions[row];
}

std::vector<double> logits(const MatrixView& queries, std::size_t query, const MatrixView& keys,
                           std::span<const KeyId> ids, double scale) {
  std::vector<double> result;
  result.reserve(ids.size());
  for (const KeyId id : ids) result.push_back(scale * reference_score(queries, query, keys, id));
  return result;
}

double log_sum_exp(std::span<const double> values) {
  if (values.empty()) return -std::numeric_limits<double>::infinity();
  const double highest = *std::max_element(values.begin(), values.end());
  double sum = 0;
  for (const double value : values) sum += std::exp(value - highest);
  return highest + std::log(sum);
}

}  // namespace

double reference_score(const MatrixView& queries, std::size_t query, const MatrixView& keys, std::size_t key,
                       Metric metric) {
  double score = 0;
  for (std::size_t col = 0; col < keys.cols; ++col) {
    const double q = element(queries, query, col);
    const double k = element(keys, key, col);
    score += metric == Metric::inner_product ? q * k : -(q - k) * (q - k);
  }
  return score;
}

NeighborTable reference_topk(const MatrixView& queries, const MatrixView& keys, std::uint32_t k, Metric metric,
                             const Visibility& visible) {
  NeighborTable table(queries.rows, k);
  for (std::size_t row = 0; row < queries.rows; ++row) {
    std::vector<Neighbor> all;
    for (std::size_t key = 0; key < keys.rows; ++key) {
      const auto id = static_cast<KeyId>(key);
      if (!is_visible(visible, row, id)) continue;
      all.push_back({static_cast<float>(reference_score(queries, row, keys, key, metric)), id});
    }
    std::sort(all.begin(), all.end(), better);
    write_row(all, table.ids(row), table.scores(row));
  }
  return table;
}

void expect_neighbors(const NeighborTable& found, const NeighborTable& truth, const MatrixView& queries,
                      const MatrixView& keys, double tolerance, Metric metric) {
  ASSERT_EQ(found.rows(), truth.rows());
  ASSERT_EQ(found.k(), truth.k());
  for (std::size_t row = 0; row < truth.rows(); ++row) {
    ASSERT_EQ(found.count(row), truth.count(row)) << "row " << row;
    std::set<KeyId> seen;
    for (std::size_t i = 0; i < found.count(row); ++i) {
      const KeyId id = found.ids(row)[i];
      const float score = found.scores(row)[i];
      ASSERT_LT(id, keys.rows) << "row " << row << " slot " << i;
      ASSERT_TRUE(seen.insert(id).second) << "row " << row << " holds key " << id << " twice";
      if (i > 0) {
        ASSERT_TRUE(better({found.scores(row)[i - 1], found.ids(row)[i - 1]}, {score, id}))
            << "row " << row << " slot " << i;
      }
      const double exact = reference_score(queries, row, keys, id, metric);
      ASSERT_NEAR(score, exact, tolerance) << "row " << row << " slot " << i << " key " << id;
      ASSERT_NEAR(exact, truth.scores(row)[i], tolerance) << "row " << row << " slot " << i << " key " << id;
    }
  }
}

ReferenceAttention reference_attention(const MatrixView& queries, std::size_t query, const MatrixView& keys,
                                       const MatrixView& values, std::span<const KeyId> ids, double scale) {
  ReferenceAttention attention{std::vector<double>(values.cols, 0.0), 0.0};
  const std::vector<double> weights = reference_softmax(queries, query, keys, ids, scale);
  attention.lse = log_sum_exp(logits(queries, query, keys, ids, scale));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    for (std::size_t col = 0; col < values.cols; ++col) {
      attention.output[col] += weights[i] * element(values, ids[i], col);
    }
  }
  return attention;
}

std::vector<double> reference_softmax(const MatrixView& queries, std::size_t query, const MatrixView& keys,
                                      std::span<const KeyId> ids, double scale) {
  std::vector<double> weights = logits(queries, query, keys, ids, scale);
  const double lse = log_sum_exp(weights);
  for (double& weight : weights) weight = std::exp(weight - lse);
  return weights;
}

double reference_mass(const MatrixView& queries, std::size_t query, const MatrixView& keys, std::size_t visible,
                      std::size_t begin, std::size_t end, double scale) {
  const std::vector<double> weights = reference_softmax(queries, query, keys, all_ids(visible), scale);
  double mass = 0;
  for (std::size_t key = begin; key < end; ++key) mass += weights[key];
  return mass;
}

std::vector<KeyId> all_ids(std::size_t count) {
  std::vector<KeyId> ids(count);
  std::iota(ids.begin(), ids.end(), KeyId{0});
  return ids;
}

}  // namespace rattan::test
