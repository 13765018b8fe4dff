// What a Context is made of, from the data of a layer.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "datasets/qkv_dump.h"
#include "rattan/context.h"

namespace rattan::bench {

// groups: the KV heads of one layer, of one shape.
ContextShape context_shape(std::span<const datasets::KvGroup> groups, std::size_t layers);
std::vector<MatrixView> prefill_queries(std::span<const datasets::KvGroup> groups);  // one per query head

// Kinds that heads of a Context search with: "scan4", "graph".
std::vector<std::string> searched_kinds();

// "full" (every key is attended exactly) or the name of a head's kind; automatic for any other.
HeadKind head_kind(const std::string& name);

}  // namespace rattan::bench
