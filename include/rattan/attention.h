// Softmax attention over parts of the keys, and how parts become one: decoding attends to a window exactly, to the keys
// a search found, and to an estimate of the rest, and merges the three (RetrievalAttention, arXiv 2409.10516, section
// 3.3 and appendix B).
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "rattan/matrix.h"
#include "rattan/types.h"

namespace rattan {

// Attention of one query row over some keys: output = sum of softmax weights times values, [value dim], normalised over
// these keys alone, and lse = log(sum of exp(scale * score)), natural logarithm. No keys: zeros and -infinity.
struct AttentionPart {
  std::span<float> output;
  float lse = -std::numeric_limits<float>::infinity();
};

// `into` becomes the attention over the keys of both, which must be disjoint. Any number of parts in any order gives
// attention over all of their keys, within fp32 rounding. Empty parts change nothing; no lse makes NaN. The outputs
// have one length.
void merge(AttentionPart& into, const AttentionPart& from) noexcept;

// The lse of engines that count in powers of two (FlashInfer): log2 instead of the natural logarithm; and back.
float lse_to_log2(float lse) noexcept;
float lse_from_log2(float lse2) noexcept;

// Buffers that calls reuse: once they have grown nothing is allocated. One per thread.
struct AttentionScratch {
  std::vector<float> logits;
  std::vector<float> weights;
  std::vector<const void*> rows;
  std::vector<std::byte> queries;
  std::vector<float> outputs;
};

// Attention over keys whose scores a search has found: reads the values of `ids` and no key. ids: rows of `values`,
// [n, value dim]; entries from the first no_key on are left out; scores: one per id, unscaled; -infinity weighs
// nothing. scale: of scores, above 0, usually 1 / sqrt(key dim). part.output: [value dim], overwritten. Throws
// Error(invalid_argument) for an id outside `values`, spans of different length, NaN or +infinity in a score.
void attend_found(MatrixView values, std::span<const KeyId> ids, std::span<const float> scores, double scale,
                  AttentionPart& part, AttentionScratch& scratch);

// Attention over the keys [range.begin, range.end) for a group of query rows that share them: keys and values are read
// once for all. queries: [1..8, d]; keys: [n, d]; values: [n, value dim]; parts: one per query row, overwritten.
// The range is cut to the keys there are. NaN or infinity in them makes NaN in the parts. Throws
// Error(invalid_argument) for shapes that disagree.
void attend_range(MatrixView queries, MatrixView keys, MatrixView values, IdRange range, double scale,
                  std::span<AttentionPart> parts, AttentionScratch& scratch);

}  // namespace rattan
