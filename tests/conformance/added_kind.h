// A kind that is no part of the library: all that it takes to add one is a class and a row.
#pragma once

#include "index/index_kind.h"

namespace rattan::test {

// "norms": keys in descending order of their norms; a search scores the first SearchParams::beam_width of them, 64 at
// least; unset: all. A contender, with the next number of a head.
const IndexKind& added_kind();

}  // namespace rattan::test
