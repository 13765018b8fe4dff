// The one thing hnswlib does for Rattan: it inserts the keys. hnsw_build.cpp has it, hnsw_build_absent.cpp stands in
// for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "index/baselines/hnsw_layers.h"
#include "rattan/matrix.h"
#include "rattan/params.h"

namespace rattan {

// False in a build without hnswlib.
extern const bool have_hnswlib;

// Inserts all keys; distances are Rattan's scores, negated. The order of insertion is drawn from params.seed: in token
// order, keys of one stretch of text close up into islands (trained 23M, layer 2, KV head 0, 64,896 keys, M 16, efC
// 200: recall@100 stays at 0.73 for 19 % of the keys per head; in random order it is 0.954 at 6.8 %). With more than
// one worker the inserts run at once and the result depends on timing; with one it depends on the arguments alone.
// Throws Error(unsupported) in a build without hnswlib.
HnswLayers build_hnsw_layers(const MatrixView& keys, Metric metric, const HnswBuildParams& params);

// 0, 1, ..., rows - 1 in the order of insertion.
std::vector<KeyId> insertion_order(std::size_t rows, std::uint64_t seed);

}  // namespace rattan
