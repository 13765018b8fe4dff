#include "context/head_prefix.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/build_timer.h"

namespace rattan {

IdRange indexed_rows(std::size_t rows, const ContextParams& params) noexcept {
  const std::size_t begin = std::min<std::size_t>(params.sinks, rows);
  const std::size_t recent = std::min<std::size_t>(params.recent, rows - begin);
  return {static_cast<KeyId>(begin), static_cast<KeyId>(rows - recent)};
}

double softmax_scale(const ContextParams& params, std::size_t key_dim) noexcept {
  return params.softmax_scale != 0 ? params.softmax_scale : 1 / std::sqrt(static_cast<double>(key_dim));
}

ClusterParams cluster_params(const ContextParams& params, Executor* executor) {
  ClusterParams clusters;
  clusters.clusters = params.clusters;
  clusters.seed = params.seed;
  clusters.executor = executor;
  return clusters;
}

void forget_rows(HeadPrefix& prefix) {
  for (SharedMatrix* const rows : {&prefix.keys, &prefix.values}) {
    *rows = MatrixView(nullptr, rows->view.dtype, rows->view.rows, rows->view.cols);
  }
}

std::shared_ptr<HeadPrefix> build_prefix(const CheckedMatrix& keys, const CheckedMatrix& values, HeadPlan plan,
                                         std::span<const NeighborTable> links, std::uint32_t group,
                                         const ContextParams& params, BuildStats* stats) {
  const IdRange indexed = indexed_rows(keys.rows(), params);
  const std::size_t count = indexed.end - indexed.begin;
  auto prefix = std::make_shared<HeadPrefix>();
  prefix->sinks = indexed.begin;
  KeyClusters clusters = std::move(plan.clusters);
  const CheckedMatrix searched = keys.slice(indexed.begin, count);
  ChosenIndex chosen = choose_index(searched, std::move(plan), links, group, params, stats);
  prefix->index = std::move(chosen.index);
  prefix->choice = std::move(chosen.choice);
  BuildTimer timer(stats);
  if (params.clusters != 0 && prefix->choice.kind != HeadKind::flat) {
    prefix->clusters = clusters.clusters() != 0 ? std::move(clusters)
                                                : KeyClusters(searched, values.slice(indexed.begin, count), 0,
                                                              cluster_params(params, params.executor));
    timer.stage("clusters");
  }
  prefix->keys = keys.shared();
  prefix->values = values.shared();
  return prefix;
}

}  // namespace rattan
