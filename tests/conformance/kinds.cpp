#include "kinds.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <stdexcept>

#include "rattan/baselines.h"
#include "rattan/exact_topk.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan::test {
namespace {

std::unique_ptr<Index> graph_from_random_queries(SharedMatrix keys, Metric metric, Executor* executor) {
  const SharedMatrix queries = random_matrix(std::max<std::size_t>(keys.view.rows, 1), keys.view.cols, 77);
  const auto exact = make_exact_topk_cpu(executor);
  const std::vector<NeighborTable> links{exact->find(queries.view, keys.view, 16, metric)};
  GraphBuildParams params;
  params.executor = executor;
  return build_graph(std::move(keys), links, metric, params);
}

std::unique_ptr<Index> auto_from_random_queries(SharedMatrix keys, Metric metric, Executor* executor) {
  const SharedMatrix linked = random_matrix(std::max<std::size_t>(keys.view.rows, 1), keys.view.cols, 77);
  const SharedMatrix queries = random_matrix(8, keys.view.cols, 78);
  const std::vector<NeighborTable> links{make_exact_topk_cpu(executor)->find(linked.view, keys.view, 16, metric)};
  AutoBuildParams params;
  params.k = 10;
  params.executor = executor;
  return build_auto(std::move(keys), links, queries.view, metric, params);
}

template <typename Params, typename Build>
auto with_defaults(Build build) {
  return [build](SharedMatrix keys, Metric metric, Executor* executor) {
    Params params;
    params.executor = executor;
    return build(std::move(keys), metric, params, nullptr);
  };
}

const std::vector<Kind>& known_kinds() {
  static const std::vector<Kind> known{
      {"auto", false, false, true, auto_from_random_queries},
      {"flat", true, true, false,
       [](SharedMatrix keys, Metric metric, Executor*) { return build_flat(std::move(keys), metric); }},
      {"graph", false, true, false, graph_from_random_queries},
      {"hnsw", false, false, false, with_defaults<HnswBuildParams>(build_hnsw)},
      {"ivf", false, true, false, with_defaults<IvfBuildParams>(build_ivf)},
      {"scan4", false, true, false, with_defaults<Scan4BuildParams>(build_scan4)},
  };
  return known;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Kind& kind) { return out << kind.name; }

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> available = [] {
    std::vector<std::string> names = available_kinds();
    for (const std::string& name : available_baselines()) names.push_back(name);
    std::vector<Kind> found;
    for (const std::string& name : names) {
      const auto kind = std::find_if(known_kinds().begin(), known_kinds().end(),
                                     [&](const Kind& known) { return known.name == name; });
      if (kind == known_kinds().end()) throw std::logic_error("tests/conformance/kinds.cpp has no row for " + name);
      found.push_back(*kind);
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
      EXPECT_TRUE(params.candidates.contains(ids[i])) << ids[i];
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
