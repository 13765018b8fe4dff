#include "rattan/exact_topk.h"

#include <algorithm>
#include <vector>

#include "core/check.h"
#include "core/parallel.h"
#include "scan/checked_matrix.h"
#include "scan/exact_tile.h"

namespace rattan {
namespace {

void check_shapes(const MatrixView& queries, const MatrixView& keys) {
  if (queries.cols != keys.cols) {
    fail(ErrorCode::invalid_argument, "queries: cols is ", queries.cols, ", allowed is the keys' ", keys.cols);
  }
  if (keys.rows > no_key) {
    fail(ErrorCode::invalid_argument, "keys: rows is ", keys.rows, ", allowed is at most ", no_key);
  }
  if (keys.cols == 0 && queries.rows != 0 && keys.rows != 0) {
    fail(ErrorCode::invalid_argument, "keys: cols is 0, allowed is 1 or more");
  }
}

class CpuExactTopK final : public ExactTopK {
 public:
  explicit CpuExactTopK(Executor* executor) : executor_(executor) {}

  NeighborTable find(MatrixView queries, MatrixView keys, std::uint32_t k, Metric metric,
                     const Visibility& visible) const override {
    Executor& executor = executor_or_default(executor_);
    check_shapes(queries, keys);
    check_finite(queries, "queries", executor);
    check_finite(keys, "keys", executor);
    return search(queries, keys, k, metric, visible);
  }

  void find_checked(NeighborTable& table, const CheckedMatrix& queries, const CheckedMatrix& keys, std::uint32_t k,
                    Metric metric, const Visibility& visible) const override {
    check_shapes(queries.view(), keys.view());
    table = search(queries.view(), keys.view(), k, metric, visible);
  }

 private:
  NeighborTable search(const MatrixView& queries, const MatrixView& keys, std::uint32_t k, Metric metric,
                       const Visibility& visible) const {
    Executor& executor = executor_or_default(executor_);
    const VisibleRows rows = visible_rows(visible, queries.rows, keys.rows, executor);
    checked_mul(queries.rows, std::uint64_t{k} * sizeof(Neighbor), "queries.rows * k", ErrorCode::invalid_argument);

    NeighborTable table(queries.rows, k);
    const std::size_t most = rows.order.empty() ? 0 : rows.counts[rows.order.front()];
    if (k == 0 || most == 0) return table;

    const Scorer scorer(keys, metric);
    const KeyNorms norms = key_norms(scorer, rows.begin, most, executor);
    const ExactProblem problem{queries, scorer, static_cast<std::uint32_t>(std::min<std::size_t>(k, most)),
                               rows,    norms,  metric == Metric::inner_product ? simd::kernels().bf16_tile : nullptr};
    const TileShape shape = choose_shape(problem.first_tile(), keys.cols, problem.k, queries.rows, executor.workers());
    std::vector<ExactTile> tiles(executor.workers());
    parallel_blocks(executor, queries.rows, shape.rows, [&](std::size_t begin, std::size_t end, unsigned worker) {
      tiles[worker].find(problem, shape, std::span(rows.order).subspan(begin, end - begin), table);
    });
    return table;
  }

  Executor* executor_;
};

}  // namespace

void ExactTopK::find_checked(NeighborTable& table, const CheckedMatrix& queries, const CheckedMatrix& keys,
                             std::uint32_t k, Metric metric, const Visibility& visible) const {
  find_into(table, queries.view(), keys.view(), k, metric, visible);
}

std::unique_ptr<ExactTopK> make_exact_topk_cpu(Executor* executor) { return std::make_unique<CpuExactTopK>(executor); }

}  // namespace rattan
