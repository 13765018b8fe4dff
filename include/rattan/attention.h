// Softmax attention over parts of the keys, and how parts become one: decoding merges a window, the keys that a search
// found, and an estimate of the rest (RetrievalAttention, arXiv 2409.10516, section 3.3 and appendix B).
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>

#include "rattan/matrix.h"
#include "rattan/types.h"

namespace rattan {
struct AttentionBuffers;  // src/attention/scratch.h
}  // namespace rattan

#pragma GCC visibility push(default)

namespace rattan {

// Attention of one query row over some keys: output = sum of softmax weights times values, [value dim], normalised over
// these keys alone, and lse = log(sum of exp(scale * score)), natural logarithm. No keys: zeros and -infinity.
struct AttentionPart {
  std::span<float> output;
  float lse = -std::numeric_limits<float>::infinity();
};

// `into` becomes the attention over the keys of both, which must be disjoint. Any number of parts in any order gives
// attention over all of their keys, within fp32 rounding. A part whose lse is infinite is empty, whatever its output:
// -infinity is Rattan's lse of no keys, with zeros, +infinity that of FlashAttention 2. Two of them make the former.
// Throws: Error(invalid_argument) for an lse that is NaN, outputs of different length; then nothing has changed.
void merge(AttentionPart& into, const AttentionPart& from);

// The lse of engines that count in powers of two (FlashInfer): log2 instead of the natural logarithm; and back.
float lse_to_log2(float lse) noexcept;
float lse_from_log2(float lse2) noexcept;

// Buffers that calls reuse: once they have grown nothing is allocated. One per thread.
class AttentionScratch {
 public:
  AttentionScratch();
  ~AttentionScratch();
  AttentionScratch(AttentionScratch&&) noexcept;
  AttentionScratch& operator=(AttentionScratch&&) noexcept;

  AttentionBuffers* operator->() noexcept { return buffers_.get(); }  // for the library

 private:
  std::unique_ptr<AttentionBuffers> buffers_;
};

// Attention over keys whose scores a search has found: reads the values of `ids` and no key. Entries from the first
// no_key on are left out; a score of -infinity weighs nothing. part.output is overwritten.
// Requires: values: [n, value dim]; ids: rows of it; scores: one per id, unscaled; scale: of scores, above 0, usually 1
// / sqrt(key dim); part.output: [value dim].
// Throws: Error(invalid_argument) for an id outside `values`, spans of different length, NaN or +infinity in a score, a
// scale that makes logits of them beyond fp32.
void attend_found(MatrixView values, std::span<const KeyId> ids, std::span<const float> scores, double scale,
                  AttentionPart& part, AttentionScratch& scratch);

// Attention over the keys [range.begin, range.end) for a group of query rows that share them: keys and values are read
// once for all. The range is cut to the keys there are.
// Precision, on every CPU and for every type: queries, keys and values are taken as they are, products and sums are
// fp32. Of n keys the lse errs by at most e + 2^-20 (1 + |lse|), an element of the output by at most
// (2 e + (n / 256 + 256) 2^-23) times the largest |value|, where e = 2 d 2^-24 scale max(sum of |q_c k_c|).
// Requires: queries: [1.., d]; keys: [n, d]; values: [n, value dim]; parts: one per query row, overwritten.
// Throws: Error(invalid_argument) for shapes that disagree; for NaN or infinity in queries or keys, and where scores or
// logits are beyond fp32: then the parts hold anything.
void attend_range(MatrixView queries, MatrixView keys, MatrixView values, IdRange range, double scale,
                  std::span<AttentionPart> parts, AttentionScratch& scratch);

// How much of the softmax a decode step retrieves, and what stands for the rest.
struct Budget {
  std::uint32_t k = 100;  // keys per query head retrieved by a fixed budget, and at least by one of mass; 1..2^20

  // Set: keys are retrieved until the unread ones are estimated to hold less than this share of the softmax of all
  // keys; inside (0, 1). With estimate_unread what counts is not what they hold but how far the estimate of it may be
  // off, which asks for far fewer: by epsilon where k keys are retrieved, and by as many times that as more are. So all
  // heads stop where a further key gains the same, and a given number of keys errs least (src/DESIGN.md section 8).
  // Without clusters every unread key is taken to be as good as the worst that was found, which asks for many more.
  std::optional<double> epsilon;
  std::uint32_t most_k = 8192;  // per query head, of an epsilon budget; at least k

  // Whether the unread keys are estimated by clusters and merged as one more part, instead of left out.
  bool estimate_unread = true;
  void validate() const;
};

}  // namespace rattan

#pragma GCC visibility pop
