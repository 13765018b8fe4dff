// HeadKind and the kinds of index: the one place where they meet.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "index/index_kind.h"
#include "rattan/context.h"

namespace rattan {

// The row of a kind; null of automatic.
const IndexKind* find_kind(HeadKind kind) noexcept;

// What ContextParams::kind lets a head become, the exact kind first, the one to take unmeasured last. A kind that needs
// links gives way to one that does not where there are none.
std::vector<const IndexKind*> allowed_kinds(HeadKind asked, bool with_links);

// "graph": those of them that only links allow.
std::string names_of_linked(HeadKind asked);

}  // namespace rattan
