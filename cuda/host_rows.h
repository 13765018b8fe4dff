// The host's side of a search: rows of queries on their way to the device, rows of results on their way to the caller.
#pragma once

#include <cstddef>
#include <span>

#include "rattan/executor.h"
#include "rattan/matrix.h"
#include "rattan/results.h"

namespace rattan::cuda {

// to[i] = row order[i] of `from`, packed.
void gather_rows(Executor& executor, const MatrixView& from, std::span<const std::size_t> order, std::byte* to);

// Row order[i] of `table` = row i of ids and scores, k of each.
void scatter_rows(Executor& executor, std::span<const std::size_t> order, const KeyId* ids, const float* scores,
                  NeighborTable& table);

// Gets the memory of an unfilled table from the system, every thread whole huge pages: the rows of a chunk lie in many
// pages, and threads that meet in one would each make it anew. For when the device is busy and the host is not.
void touch_table(Executor& executor, NeighborTable& table);

}  // namespace rattan::cuda
