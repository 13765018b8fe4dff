#include "tests/index/growing_cases.h"

#include <algorithm>

#include "rattan/exact_topk.h"
#include "tests/support/matrices.h"

namespace rattan::test {

std::shared_ptr<const Index> grown_base(std::string_view kind, const SharedMatrix& keys, std::size_t rows,
                                        Metric metric, std::uint32_t code_bits) {
  const SharedMatrix base(keys.view.slice(0, rows), keys.owner);
  if (kind == "flat") return build_flat(base, metric);
  if (kind == "scan4") return build_scan4(base, metric, {&serial_executor()});
  const SharedMatrix queries = random_matrix(rows, keys.view.cols, 77);
  const auto k = static_cast<std::uint32_t>(std::min<std::size_t>(12, rows));
  const NeighborTable links = make_exact_topk_cpu(&serial_executor())->find(queries.view, base.view, k, metric);
  GraphBuildParams params;
  params.max_degree = 12;
  params.entry_points = 8;
  params.code_bits = code_bits;
  params.executor = &serial_executor();
  return build_graph(base, {&links, 1}, metric, params);
}

GrowthParams growth_params(std::size_t capacity) {
  GrowthParams params;
  params.capacity = capacity;
  params.links_k = 12;
  params.segment_entry_points = 8;
  params.graph.max_degree = 12;
  return params;
}

NeighborTable search_all(const GrowingIndex& index, const MatrixView& queries, const SearchParams& params) {
  const ScratchPointer scratch = GrowingIndex::make_scratch();
  NeighborTable table(queries.rows, params.k);
  for (std::size_t row = 0; row < queries.rows; row += 8) {
    const std::size_t group = std::min<std::size_t>(8, queries.rows - row);
    table.stats.push_back(index.search(queries.slice(row, group), params, *scratch));
    for (std::size_t i = 0; i < group; ++i) {
      const GrowingIndex::Found found = GrowingIndex::results(*scratch, i);
      std::ranges::copy(found.ids, table.ids(row + i).begin());
      std::ranges::copy(found.scores, table.scores(row + i).begin());
    }
  }
  return table;
}

double recall_of(const NeighborTable& found, const NeighborTable& truth) {
  double sum = 0;
  for (std::size_t row = 0; row < truth.rows(); ++row) {
    const std::size_t wanted = truth.count(row);
    const float last = truth.scores(row)[wanted - 1];
    const auto scores = found.scores(row).first(found.count(row));
    const auto hits = std::ranges::count_if(scores, [&](float score) { return score >= last; });
    sum += std::min(1.0, static_cast<double>(hits) / static_cast<double>(wanted));
  }
  return sum / static_cast<double>(truth.rows());
}

}  // namespace rattan::test
