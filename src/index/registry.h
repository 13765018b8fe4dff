// The kinds of index there are. A new kind is its own sources and one row in registry.cpp.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "index/index_kind.h"

namespace rattan {

// Rattan's own in ascending order of name, then those that were added. Rows stay where they are.
std::span<const IndexKind> index_kinds() noexcept;

// One more kind, from now on for all of the process: opened, chosen and listed as Rattan's own are. For programs that
// bring one. Throws Error(invalid_argument) for a name that is taken, a head_kind that is not the next number, or a row
// without what it must have.
void add_index_kind(const IndexKind& kind);

// Null where there is none.
const IndexKind* find_kind(std::string_view name) noexcept;
const IndexKind* find_head_kind(std::uint32_t number) noexcept;

// The numbers of head kinds are 1 to this.
std::uint32_t last_head_kind() noexcept;

// The row of an index. Throws Error(unsupported) for one that is of no registered kind.
const IndexKind& kind_of(const Index& index);

}  // namespace rattan
