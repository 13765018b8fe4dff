// Where every walk starts.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/link_lists.h"
#include "rattan/types.h"

namespace rattan {

// Up to `count` keys that together stand in as many lists as possible (greedy maximum coverage, ties to the smaller id;
// the answer of one more query is then likely to hold one of them). Once every list is covered, or where there are
// none, evenly spaced keys fill up. Ascending ids without duplicates; min(count, keys) of them.
std::vector<KeyId> choose_entry_points(const LinkLists& lists, std::uint32_t count);

}  // namespace rattan
