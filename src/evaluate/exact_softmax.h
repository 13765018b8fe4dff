// Exact attention of query rows in float64, apart for the indexed keys and for all others a row sees.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "evaluate/softmax_part.h"
#include "rattan/executor.h"
#include "rattan/matrix.h"
#include "rattan/types.h"

namespace rattan {

struct ExactSoftmax {
  MatrixView queries;
  MatrixView keys;
  MatrixView values;  // no rows: parts have no output
  std::vector<std::int64_t> positions;
  IdRange indexed;  // clipped to the keys
  double scale = 0;
  std::vector<SoftmaxPart> indexed_parts;  // one per query row
  std::vector<SoftmaxPart> window_parts;   // visible keys outside `indexed`
};

// Arguments and errors are those of ExactAttention's constructor. The same bits for any number of threads.
ExactSoftmax exact_softmax(MatrixView queries, MatrixView keys, MatrixView values,
                           std::span<const std::int64_t> positions, IdRange indexed, double scale, Executor& executor);

}  // namespace rattan
