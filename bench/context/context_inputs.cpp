#include "bench/context/context_inputs.h"

#include "index/registry.h"

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

std::vector<std::string> searched_kinds() {
  std::vector<std::string> names;
  for (std::uint32_t number = 1; number <= last_head_kind(); ++number) {
    const IndexKind& kind = *find_head_kind(number);
    if (!kind.exact) names.emplace_back(kind.name);
  }
  return names;
}

HeadKind head_kind(const std::string& name) {
  if (name == "full") return HeadKind::flat;
  const IndexKind* const kind = find_kind(name);
  return kind == nullptr ? HeadKind::automatic : static_cast<HeadKind>(kind->head_kind);
}

}  // namespace rattan::bench
