// What exact top-k must return bit for bit: every visible key scored by the row kernel.
#pragma once

#include <cstdint>

#include "rattan/exact_topk.h"
#include "rattan/matrix.h"
#include "rattan/results.h"

namespace rattan::test {

// Visibility is decided key by key, one query row at a time. NaN scores are left out.
NeighborTable row_scan(MatrixView queries, MatrixView keys, std::uint32_t k, Metric metric,
                       const Visibility& visible = {});

}  // namespace rattan::test
