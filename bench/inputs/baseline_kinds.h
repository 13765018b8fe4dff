// The registry's rows of the baselines, with what builds them.
#pragma once

#include <span>

#include "index/index_kind.h"

namespace rattan::bench {

// "hnsw" and "ivf"; available where this build has what builds them.
std::span<const IndexKind> baseline_kinds();

}  // namespace rattan::bench
