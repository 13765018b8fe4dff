// Clusters of fewer keys, after a truncation: to train them anew would take seconds.
#pragma once

#include "clusters/key_clusters.h"

namespace rattan {

// Of the keys below `end` alone. Keys stay in their clusters, whose means are taken anew where keys have gone; how
// far keys lie from them is taken over. keys and values: rows by id - clusters.ids().begin, at least those that stay.
KeyClusters cut_clusters(const KeyClusters& clusters, KeyId end, MatrixView keys, MatrixView values);

}  // namespace rattan
