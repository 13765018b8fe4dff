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
#include "simd/kernels.h"

namespace rattan {

// Up to simd::max_group query rows as integers: each channel times the scale of its codes, rounded with one step per
// query. Reusable: prepare() allocates only when it grows.
class PreparedCodeQueries {
 public:
  // queries: [1..max_group, codes.dim()] finite, in any dtype.
  void prepare(MatrixView queries, const KeyCodes& codes, const simd::Kernels& kernels);

  const void* data() const noexcept { return data_.data(); }
  std::size_t count() const noexcept { return steps_.size(); }

  // step(q) * score is <q, k'> - <q, offsets> for the key k' that the codes stand for, but for the rounding of q: at
  // most step(q) / 2 times the sum of the key's codes.
  double step(std::size_t query) const noexcept { return steps_[query]; }

 private:
  std::vector<float> floats_;
  std::vector<double> weights_;
  std::vector<double> steps_;
  AlignedVector<std::int8_t> data_;
};

// Scores are integers as floats: only their order within a query means anything. The same bits on every CPU.
class CodeScorer {
 public:
  explicit CodeScorer(const KeyCodes& codes) : CodeScorer(codes, simd::kernels()) {}
  CodeScorer(const KeyCodes& codes, const simd::Kernels& kernels) noexcept : codes_(&codes), kernels_(&kernels) {}

  const KeyCodes& codes() const noexcept { return *codes_; }
  const simd::Kernels& kernels() const noexcept { return *kernels_; }

  void prepare(MatrixView queries, PreparedCodeQueries& prepared) const {
    prepared.prepare(queries, *codes_, *kernels_);
  }

  // scores[q * stride + i] of key ids[i] < codes().rows(); CodeLayout::rows only. `rows` is scratch.
  void score(const PreparedCodeQueries& queries, std::span<const KeyId> ids, std::vector<const void*>& rows,
             float* scores, std::size_t stride) const;

  // scores[q * stride + i] of keys begin + i, i < count. In CodeLayout::blocks `begin` is a multiple of
  // simd::code_block_rows, and scores are written for whole blocks: stride is at least `count` rounded up to them.
  void score_range(const PreparedCodeQueries& queries, std::size_t begin, std::size_t count,
                   std::vector<const void*>& rows, float* scores, std::size_t stride) const;

 private:
  const KeyCodes* codes_;
  const simd::Kernels* kernels_;
};

}  // namespace rattan
