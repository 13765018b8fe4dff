// What exact top-k must return bit for bit: every visible key scored by the row kernel on fp32 queries.
#pragma once

#include <cstdint>

#include "rattan/exact_topk.h"
#include "rattan/matrix.h"
#include "rattan/results.h"
#include "simd/kernels.h"

namespace rattan::test {

// The set in use, or the best one that does not round queries to bf16.
const simd::Kernels& fp32_query_kernels(Metric metric, DType key_dtype);

// Visibility is decided key by key, one query row at a time. NaN scores are left out.
NeighborTable row_scan(MatrixView queries, MatrixView keys, std::uint32_t k, Metric metric,
                       const Visibility& visible = {});

}  // namespace rattan::test
