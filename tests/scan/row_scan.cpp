#include "tests/scan/row_scan.h"

#include <cmath>
#include <cstddef>
#include <vector>

#include "core/top_k.h"
#include "simd/kernels.h"

namespace rattan::test {

NeighborTable row_scan(MatrixView queries, MatrixView keys, std::uint32_t k, Metric metric, const Visibility& visible) {
  const simd::Kernels& kernels = simd::kernels();
  NeighborTable table(queries.rows, k);
  std::vector<float> query(queries.cols);
  for (std::size_t row = 0; row < queries.rows; ++row) {
    kernels.widen(queries.dtype)(queries.row(row), queries.cols, query.data());
    TopK top(k);
    for (std::size_t key = 0; key < keys.rows; ++key) {
      const auto id = static_cast<KeyId>(key);
      if (!visible.range.contains(id)) continue;
      if (!visible.positions.empty() && std::int64_t{id} + visible.recent > visible.positions[row]) continue;
      const void* data = keys.row(key);
      float score = 0;
      kernels.score(metric, keys.dtype)(query.data(), 1, &data, 1, keys.cols, &score, 1);
      if (!std::isnan(score)) top.push(score, id);
    }
    write_row(top.sorted(), table.ids(row), table.scores(row));
  }
  return table;
}

}  // namespace rattan::test
