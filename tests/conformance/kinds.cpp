#include "kinds.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "added_kind.h"
#include "bench/inputs/baseline_kinds.h"
#include "core/parallel.h"
#include "index/registry.h"
#include "rattan/exact_topk.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan::test {
namespace {

// Of a row, with the kind's default parameters. Links are of random queries.
std::unique_ptr<Index> build_row(const IndexKind& row, SharedMatrix keys, Metric metric, Executor* executor) {
  BuildInputs inputs{
      .keys = CheckedMatrix(keys, "keys", executor_or_default(executor)), .metric = metric, .executor = executor};
  inputs.params.automatic.k = 10;
  std::vector<NeighborTable> links;
  if (row.needs_links || row.calibrates) {
    const SharedMatrix linked = random_matrix(std::max<std::size_t>(keys.view.rows, 1), keys.view.cols, 77);
    links.push_back(make_exact_topk_cpu(executor)->find(linked.view, keys.view, 16, metric));
    inputs.links = links;
  }
  const SharedMatrix calibration = row.calibrates ? random_matrix(8, keys.view.cols, 78) : SharedMatrix{};
  inputs.calibration = calibration.view;
  return row.build(inputs, nullptr);
}

Kind kind_of_row(const IndexKind& row) {
  const bool same_bytes = !row.calibrates && row.name != "hnsw";  // inserts of hnswlib run in parallel
  return {std::string(row.name), row.exact, same_bytes, row.calibrates,
          [&row](SharedMatrix keys, Metric metric, Executor* executor) {
            return build_row(row, std::move(keys), metric, executor);
          }};
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Kind& kind) { return out << kind.name; }

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> available = [] {
    add_index_kind(added_kind());
    std::vector<Kind> found;
    for (const std::span<const IndexKind> rows : {index_kinds(), bench::baseline_kinds()}) {
      for (const IndexKind& row : rows) {
        if (row.available) found.push_back(kind_of_row(row));
      }
    }
    return found;
  }();
  return available;
}

SearchParams widest(std::uint32_t k, std::uint32_t group) {
  SearchParams params;
  params.k = k;
  params.group = group;
  params.beam_width = 1U << 14;
  params.probes = 1U << 14;
  params.rerank = 0;
  return params;
}

void expect_valid(const NeighborTable& found, const Index& index, const MatrixView& queries,
                  const SearchParams& params) {
  ASSERT_EQ(found.rows(), queries.rows);
  ASSERT_EQ(found.k(), params.k);
  ASSERT_EQ(found.stats.size(), queries.rows / params.group);
  for (std::size_t row = 0; row < found.rows(); ++row) {
    const auto ids = found.ids(row);
    const auto scores = found.scores(row);
    const std::size_t count = found.count(row);
    EXPECT_EQ(std::set<KeyId>(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(count)).size(), count);
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_LT(ids[i], index.size());
      EXPECT_TRUE(params.candidate_range.contains(ids[i])) << ids[i];
      const double truth = reference_score(queries, row, index.keys(), ids[i], index.metric());
      EXPECT_NEAR(scores[i], truth, 0.02 + 0.01 * std::abs(truth)) << "row " << row << " key " << ids[i];
      if (i == 0) continue;
      EXPECT_TRUE(scores[i - 1] > scores[i] || (scores[i - 1] == scores[i] && ids[i - 1] < ids[i])) << row << ' ' << i;
    }
    for (std::size_t i = count; i < found.k(); ++i) {
      EXPECT_EQ(ids[i], no_key);
      EXPECT_EQ(scores[i], -std::numeric_limits<float>::infinity());
    }
  }
}

}  // namespace rattan::test
