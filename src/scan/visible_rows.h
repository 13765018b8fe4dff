// Which keys each query row may return, as one interval per row.
#pragma once

#include <cstddef>
#include "core/aligned.h"
#include "rattan/exact_topk.h"
#include "rattan/executor.h"
#include "rattan/types.h"

namespace rattan {

// Row i sees the keys [begin, begin + counts[i]).
struct VisibleRows {
  KeyId begin = 0;
  AlignedVector<KeyId> counts;

  // Rows that see most keys first, ties by row: neighbours in this order see nearly the same keys, so a block of them
  // wastes little, and the blocks that take longest start first.
  AlignedVector<std::size_t> order;
};

// Throws Error(invalid_argument) if positions are given, but not one per row.
VisibleRows visible_rows(const Visibility& visible, std::size_t rows, std::size_t keys,
                         Executor& executor = serial_executor());

}  // namespace rattan
