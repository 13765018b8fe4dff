// Keys, and what a search finds among them, for tests of the estimate of unread keys.
#pragma once

#include <algorithm>
#include <vector>

#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan::test {

inline std::vector<float> scores_of(MatrixView queries, std::size_t row, MatrixView keys,
                                    const std::vector<KeyId>& ids) {
  std::vector<float> scores;
  for (const KeyId id : ids) scores.push_back(static_cast<float>(reference_score(queries, row, keys, id)));
  return scores;
}

// The best `count` keys of one row.
inline std::vector<KeyId> best_of(MatrixView queries, std::size_t row, MatrixView keys, std::size_t count) {
  std::vector<KeyId> ids = all_ids(keys.rows);
  const auto better = [&](KeyId a, KeyId b) {
    return reference_score(queries, row, keys, a) > reference_score(queries, row, keys, b);
  };
  std::stable_sort(ids.begin(), ids.end(), better);
  ids.resize(count);
  return ids;
}

// `distinct` keys, each `copies` times: clusters without any spread, so that the estimate has nothing to err in.
inline SharedMatrix repeated(std::size_t distinct, std::size_t copies, std::size_t dim) {
  const SharedMatrix rows = random_matrix(distinct, dim, 4, DType::f16);
  std::vector<float> values;
  for (std::size_t i = 0; i < distinct * copies; ++i) {
    for (const double x : row_values(rows.view, i % distinct)) values.push_back(static_cast<float>(x));
  }
  return make_matrix(values, distinct * copies, dim, DType::f16);
}

}  // namespace rattan::test
