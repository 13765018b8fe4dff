// Key codes + prepared queries -> scores for ids: scan/scorer.h for codes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/aligned.h"
#include "rattan/matrix.h"
#include "rattan/types.h"
#include "scan/key_codes.h"
#include "scan/split_codes.h"
#include "simd/kernels.h"

namespace rattan {

// Query rows as integers, once for every part of the codes: each channel times the scale of its
// codes, rounded with one step per query and part. Reusable: prepare() allocates only when it grows.
class PreparedCodeQueries {
 public:
  // queries: [rows, codes.base().dim()] finite, in any dtype.
  void prepare(MatrixView queries, const SplitCodes& codes, const simd::Kernels& kernels);

  const void* data(std::size_t part) const noexcept { return data_.data() + part * part_bytes_; }
  std::size_t count() const noexcept { return count_; }

  // No score of the query lies outside [lowest, highest] but by the rounding of fp32.
  float lowest(std::size_t query) const noexcept { return lowest_[query]; }
  float highest(std::size_t query) const noexcept { return highest_[query]; }

  // scale(q) * score is <q, k'> - <q, lowest of part 0> for the key k' that the codes stand for, but for the rounding
  // of q: at most half a step of q in its part times the sum of the key's codes. May be 0 or infinite where fp32 ends.
  float scale(std::size_t query) const noexcept { return scales_[query]; }

  // Makes a score of what kernels say of a key. Those of part 0 are integers and stay what they are.
  struct Conversion {
    float factor;
    float shift;

    float score(float raw) const noexcept { return factor * raw + shift; }
    // What kernels say of every key whose score is `least` or more: this or more. A pass compares with it, and makes
    // scores of the few keys that pass.
    float raw_bound(float least) const noexcept;
  };
  Conversion conversion(std::size_t part, std::size_t query) const noexcept {
    return conversions_[part * count_ + query];
  }

 private:
  // One query in one part.
  struct Scale {
    double step;
    double offset;  // <q, lowest>
    double lowest;  // of integer scores
    double highest;
  };

  Scale write(const CodePart& part, const KeyCodes& codes, const float* query, std::int8_t* out);
  void relate(std::size_t part, std::size_t query, const Scale& first, const Scale& scale);

  std::size_t count_ = 0;
  std::size_t part_bytes_ = 0;
  std::vector<float> values_;
  std::vector<double> weights_;
  AlignedVector<std::int8_t> data_;      // [parts, queries]
  std::vector<Conversion> conversions_;  // [parts, queries]
  std::vector<float> lowest_;
  std::vector<float> highest_;
  std::vector<float> scales_;
};

// Scores of codes in one part are integers as floats, those of further parts are in units of the first's: only their
// order within a query means anything. The same bits on every CPU.
class CodeScorer {
 public:
  explicit CodeScorer(const SplitCodes& codes) : CodeScorer(codes, simd::kernels()) {}
  CodeScorer(const SplitCodes& codes, const simd::Kernels& kernels) noexcept : codes_(codes), kernels_(&kernels) {}

  const SplitCodes& codes() const noexcept { return codes_; }
  const simd::Kernels& kernels() const noexcept { return *kernels_; }

  void prepare(MatrixView queries, PreparedCodeQueries& prepared) const {
    prepared.prepare(queries, codes_, *kernels_);
  }

  // scores[q * stride + i] of key ids[i] < codes().rows(); not for CodeLayout::blocks4. `rows` is scratch.
  void score(const PreparedCodeQueries& queries, std::span<const KeyId> ids, std::vector<const void*>& rows,
             float* scores, std::size_t stride) const;

  // raw[q * stride + i] of row i of `count` whole blocks of part `part` from block `first` on, of which
  // PreparedCodeQueries::conversion makes scores; CodeLayout::blocks4 only. Slots past the last key hold no meaning.
  void score_blocks(const PreparedCodeQueries& queries, std::size_t part, std::size_t first, std::size_t count,
                    float* raw, std::size_t stride) const;

 private:
  SplitCodes codes_;
  const simd::Kernels* kernels_;
};

}  // namespace rattan
