// Attention over consecutive keys for query rows that see a different number of them.
#pragma once

#include <cstddef>
#include <span>

#include "attention/logits.h"
#include "core/split_rows.h"
#include "rattan/attention.h"

namespace rattan {

// attend_range where row i sees keys [begin, ends[i]) alone: the bits of a call for that row by itself. Keys and values
// are read once for all rows. ends: ascending, rows of keys and values. Keys and values behind a row's end are finite.
void attend_ranges(MatrixView queries, const SplitRows& keys, const SplitRows& values, std::size_t begin,
                   std::span<const std::size_t> ends, const Logits& logits, std::span<AttentionPart> parts,
                   AttentionScratch& scratch);

}  // namespace rattan
