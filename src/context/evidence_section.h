// The kept queries of a KV head inside its file: the section "kept_queries".
#pragma once

#include <cstddef>

#include "context/query_evidence.h"
#include "storage/container.h"

namespace rattan {

// Of positions below `tokens`, but for those behind the first that is not.
void add_evidence(ContainerWriter& writer, const QueryEvidence::Copy& kept, std::size_t tokens);

// Of a head of so many tokens and columns. Throws Error(corrupt) for numbers that contradict each other or these.
// Without the section: none.
QueryEvidence::Copy read_evidence(const Container& container, std::size_t tokens, std::size_t dim);

}  // namespace rattan
