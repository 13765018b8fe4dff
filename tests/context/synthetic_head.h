// The prefix of one KV head with two query heads, for tests of what lies below Layer.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "context/head_prefix.h"
#include "tests/support/matrices.h"

namespace rattan::test {

inline ContextParams head_params(HeadKind kind) {
  ContextParams params;
  params.kind = kind;
  params.sinks = 8;
  params.recent = 32;
  params.clusters = 16;
  params.capacity = 2048;
  params.links_k = 16;
  params.budget.k = 20;
  params.executor = &serial_executor();
  return params;
}

struct SyntheticHead {
  static constexpr std::uint32_t group = 2;
  static constexpr double scale = 0.25;

  explicit SyntheticHead(HeadKind kind, std::size_t prefill, std::size_t tokens = 1000, bool with_queries = true)
      : SyntheticHead(head_params(kind), prefill, tokens, with_queries) {}
  SyntheticHead(const ContextParams& params_, std::size_t prefill, std::size_t tokens = 1000, bool with_queries = true)
      : params(params_),
        keys(random_matrix(tokens, 16, 1)),
        values(random_matrix(tokens, 8, 2)),
        queries{random_matrix(tokens, 16, 3), random_matrix(tokens, 16, 4)} {
    std::vector<MatrixView> views;
    for (const SharedMatrix& head : queries) {
      if (with_queries) views.push_back(head.view.slice(0, prefill));
    }
    const HeadQueries asked{views, {}};
    const SharedMatrix first_keys{keys.view.slice(0, prefill), keys.owner};
    const SharedMatrix first_values{values.view.slice(0, prefill), values.owner};
    const IdRange indexed = indexed_rows(prefill, params);
    HeadPlan plan = plan_head(asked, checked(first_keys), checked(first_values), indexed, scale, params);
    std::vector<NeighborTable> links;
    if (plan.wants_links) {
      links = make_links(asked, checked(first_keys).slice(indexed.begin, indexed.end - indexed.begin), params.links_k,
                         1000, *make_exact_topk_cpu(&serial_executor()));
    }
    prefix = build_prefix(checked(first_keys), checked(first_values), std::move(plan), links, group, params, &stats);
  }

  // The two query heads of one token.
  SharedMatrix asked(std::size_t token) const {
    std::vector<float> rows;
    for (const SharedMatrix& head : queries) {
      for (const double x : row_values(head.view, token)) rows.push_back(static_cast<float>(x));
    }
    return make_matrix(rows, group, 16);
  }

  ContextParams params;
  SharedMatrix keys;
  SharedMatrix values;
  std::vector<SharedMatrix> queries;
  std::shared_ptr<const HeadPrefix> prefix;
  BuildStats stats;
};

}  // namespace rattan::test
