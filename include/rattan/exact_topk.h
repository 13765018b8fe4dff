// Exact top-k keys of many queries: training links and ground truth. One interface, one implementation per device.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "rattan/executor.h"
#include "rattan/matrix.h"
#include "rattan/results.h"
#include "rattan/types.h"

namespace rattan {

// Which keys a query row may return. Sinks and the recent window are left out by `range` and `recent`, because they
// would be every query's first link.
struct Visibility {
  IdRange range;  // keys outside are never returned

  // Empty: every row sees all of `range`. Else one position per query row (causal): row i sees only the keys with
  // id + recent <= positions[i].
  std::span<const std::int64_t> positions;
  std::uint32_t recent = 0;
};

class ExactTopK {
 public:
  virtual ~ExactTopK() = default;

  // The k keys of highest score for each query row, sorted by score, ties to the smaller id. queries: [rows, d],
  // keys: [n, d], any dtypes; products are accumulated in fp32. k > n: rows end in no_key.
  // On the CPU scores are bit for bit those of a scan with the row kernels (simd/kernels.h) on fp32 queries, for any
  // number of threads; kernels that round queries to bf16 are not used. Scores that overflow to NaN are left out.
  // Throws Error(invalid_argument) for disagreeing dims, a positions span of the wrong length, or NaN/Inf in the input.
  virtual NeighborTable find(MatrixView queries, MatrixView keys, std::uint32_t k, Metric metric,
                             const Visibility& visible = {}) const = 0;
};

// Tiles of queries x keys through a packed fp32 product, with the selection beside it. `executor` null: the default
// one.
std::unique_ptr<ExactTopK> make_exact_topk_cpu(Executor* executor = nullptr);

// True where this build has CUDA code and a usable device; else false, and `why` (if given) says what is missing.
bool cuda_available(std::string* why = nullptr);

}  // namespace rattan
