// Decode steps as a decoder asks them: the query heads of one step together.
#pragma once

#include <cstddef>
#include <span>

#include "datasets/qkv_dump.h"
#include "rattan/matrix.h"

namespace rattan::bench {

// Dumps store query heads one after the other. Row = (step - first) * heads + head, where heads are all query heads of
// `groups`, group after group; every group has the steps [first, first + count).
SharedMatrix gather_steps(std::span<const datasets::KvGroup> groups, std::size_t first, std::size_t count);

}  // namespace rattan::bench
