// HNSW's layers from keys: Rattan gives the order of insertion and the distances, hnswlib inserts, and its links are
// copied out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "index/baselines/builders.h"
#include "index/baselines/hnsw_layers.h"
#include "rattan/matrix.h"
#include "rattan/params.h"

namespace rattan {

// The order of insertion is drawn from params.seed: in token order, keys of one stretch of text close up into islands
// (trained 23M, layer 2, KV head 0, 64,896 keys, M 16, efC 200: recall@100 stays at 0.73 for 19 % of the keys per head;
// in random order it is 0.954 at 6.8 %). Deterministic if `insert` is. Throws what `insert` throws;
// Error(unsupported) for an upper layer of 2^32 links.
HnswLayers build_hnsw_layers(const MatrixView& keys, Metric metric, const HnswBuildParams& params,
                             detail::InsertKeys insert);

// 0, 1, ..., rows - 1 in the order of insertion.
std::vector<KeyId> insertion_order(std::size_t rows, std::uint64_t seed);

}  // namespace rattan
