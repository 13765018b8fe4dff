// Attention over the keys that a search has retrieved and an estimate of those that it has not.
#pragma once

#include <span>

#include "attention/row_weights.h"
#include "clusters/key_clusters.h"
#include "core/split_rows.h"
#include "rattan/attention.h"

namespace rattan {

// Of a group of query rows: parts[i] is the attention over retrieved[i] exactly and over the clusters' other keys by
// estimate, as weights[i] says, which are of the same keys; its lse is that of the weights. clusters: those of the
// estimate; not used where weights are of retrieved keys alone. values: rows by id. Throws Error(invalid_argument) for
// shapes that disagree, an id outside `values`, and weights beyond
// fp32.
void attend_retrieved(std::span<const Retrieved> retrieved, std::span<const RowWeights> weights,
                      std::span<const KeyClusters* const> clusters, const SplitRows& values,
                      std::span<AttentionPart> parts, AttentionScratch& scratch);

}  // namespace rattan
