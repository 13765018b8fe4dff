// KeyClusters inside a head's file: the section "clusters".
#pragma once

#include <cstddef>

#include "clusters/key_clusters.h"
#include "storage/container.h"

namespace rattan {

void add_clusters(ContainerWriter& writer, const KeyClusters& clusters);

// Clusters of the ids [0, keys), which are in memory already: what is read is no more than a constant times those.
// Throws Error(corrupt) for numbers that contradict each other, these dims or these keys. Without the section: none.
KeyClusters read_clusters(const Container& container, std::size_t keys, std::size_t key_dim, std::size_t value_dim);

}  // namespace rattan
