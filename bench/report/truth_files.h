// Exact truth in the files of the ANN benchmarks: ids as ibin, scores as fbin (rows, cols as uint32, then the numbers).
#pragma once

#include <filesystem>

#include "rattan/results.h"

namespace rattan::bench {

// Replaces `path` whole or not at all; missing neighbours are -1 and -infinity. Throws Error(io, not_found).
void write_ids(const NeighborTable& table, const std::filesystem::path& path);
void write_scores(const NeighborTable& table, const std::filesystem::path& path);

}  // namespace rattan::bench
