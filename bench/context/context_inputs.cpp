#include "bench/context/context_inputs.h"

namespace rattan::bench {

ContextShape context_shape(std::span<const datasets::KvGroup> groups, std::size_t layers) {
  const datasets::KvGroup& first = groups.front();
  ContextShape shape;
  shape.layers = static_cast<std::uint32_t>(layers);
  shape.query_heads = static_cast<std::uint32_t>(groups.size() * first.heads());
  shape.kv_heads = static_cast<std::uint32_t>(groups.size());
  shape.key_dim = static_cast<std::uint32_t>(first.dim());
  shape.value_dim = static_cast<std::uint32_t>(first.values.view.cols);
  shape.dtype = first.keys.view.dtype;
  return shape;
}

std::vector<MatrixView> prefill_queries(std::span<const datasets::KvGroup> groups) {
  std::vector<MatrixView> queries;
  for (const datasets::KvGroup& group : groups) {
    for (const SharedMatrix& head : group.prefill_queries) queries.push_back(head.view);
  }
  return queries;
}

HeadKind head_kind(const std::string& name) {
  if (name == "full") return HeadKind::flat;
  if (name == "scan4") return HeadKind::scan4;
  return name == "graph" ? HeadKind::graph : HeadKind::automatic;
}

}  // namespace rattan::bench
