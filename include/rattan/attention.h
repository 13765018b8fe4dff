// Softmax attention over parts of the keys, and how parts become one: decoding attends to a window exactly, to the keys
// a search found, and to an estimate of the rest, and merges the three (RetrievalAttention, arXiv 2409.10516, section
// 3.3 and appendix B).
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "rattan/matrix.h"
#include "rattan/types.h"

#pragma GCC visibility push(default)

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
  std::vector<float> tops;
  std::vector<double> sums;
};

// Attention over keys whose scores a search has found: reads the values of `ids` and no key. Entries from the first
// no_key on are left out; a score of -infinity weighs nothing. part.output is overwritten.
// Requires: values: [n, value dim]; ids: rows of it; scores: one per id, unscaled; scale: of scores, above 0, usually 1
// / sqrt(key dim); part.output: [value dim].
// Throws: Error(invalid_argument) for an id outside `values`, spans of different length, NaN or +infinity in a score.
void attend_found(MatrixView values, std::span<const KeyId> ids, std::span<const float> scores, double scale,
                  AttentionPart& part, AttentionScratch& scratch);

// Attention over the keys [range.begin, range.end) for a group of query rows that share them: keys and values are read
// once for all. The range is cut to the keys there are. NaN or infinity in them makes NaN in the parts.
// Requires: queries: [1.., d]; keys: [n, d]; values: [n, value dim]; parts: one per query row, overwritten.
// Throws: Error(invalid_argument) for shapes that disagree.
void attend_range(MatrixView queries, MatrixView keys, MatrixView values, IdRange range, double scale,
                  std::span<AttentionPart> parts, AttentionScratch& scratch);

// How much of the softmax a decode step retrieves, and what stands for the rest.
struct Budget {
  std::uint32_t k = 100;  // keys per query head retrieved by a fixed budget, and at least by one of mass; 1..2^20

  // Set: keys are retrieved until the unread ones are estimated to hold less than this share of the softmax of all
  // keys; inside (0, 1). With estimate_unread what counts is not what they hold but how far the estimate of it may be
  // off, which asks for far fewer: by epsilon where k keys are retrieved, and by as many times that as more are. So all
  // heads stop where a further key gains the same, and a given number of keys errs least (src/DESIGN.md section 8).
  // Clusters estimate, where a head has some; else every unread key is taken to be as good as the worst that was found,
  // which asks for many more.
  std::optional<double> epsilon;
  std::uint32_t most_k = 8192;  // per query head, of an epsilon budget; at least k

  // Whether the unread keys are estimated by clusters and merged as one more part, instead of left out.
  bool estimate_unread = true;

  void validate() const;
};

}  // namespace rattan

#pragma GCC visibility pop
