// Which keys a saved index belongs to: the section "identity" that every kind's file holds, so that an index is never
// opened over other keys.
#pragma once

#include "rattan/index.h"
#include "storage/container.h"

namespace rattan {

// Adds the section: rows, dim, dtype, metric and a fingerprint of the keys' bytes.
void add_identity(ContainerWriter& writer, const Index& index);

// Compares the section with `keys` (already through check_matrix) and returns the metric. Throws Error(corrupt) for a
// section that makes no sense and Error(invalid_argument) naming the file and what differs for other keys.
Metric check_identity(const Container& container, const MatrixView& keys);

}  // namespace rattan
