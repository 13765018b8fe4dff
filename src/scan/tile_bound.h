// How far a score from the tile product can lie from the score of a row kernel: exact top-k uses tile scores only as a
// filter and needs the bound to filter safely.
//
// The tile product ranks by the inner product t = <q, k>. L2 is brought to the same form with one more column:
// <(q, 1), (k, -|k|^2 / 2)> = (|q|^2 - |q - k|^2) / 2.
//
// A sum of d products in fp32, in any order and with or without fused multiply-adds, is within d * u / (1 - d * u)
// times the sum of the products' magnitudes of the true one, u = 2^-24 (Higham, Accuracy and Stability, section 3.1).
//
// A bf16 tile multiplies q' = q + e and k' = k + f, rounded when they are packed: <q', k'> - <q, k> = <e, k> + <q', f>,
// at most |e| |k| + |q'| |f|. The lengths of e and f are measured, not bounded: they are zero where the data was bf16
// all along, and else less than half of the bound.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "rattan/executor.h"
#include "rattan/matrix.h"
#include "scan/scorer.h"

namespace rattan {

// What the bound needs to know of keys [begin, begin + count).
struct KeyNorms {
  double max_norm = 0;
  double max_residual = 0;    // bf16_residual of keys of other types than bf16, where inner products are ranked
  std::vector<float> column;  // L2 only: -|k|^2 / 2 per key, entry 0 for key `begin`
};
KeyNorms key_norms(const Scorer& scorer, std::size_t begin, std::size_t count, Executor& executor);

// Largest distance between t of the tile kernel and the same key's row kernel score brought to the form of t.
// Infinite where intermediate values might overflow fp32: then tile scores mean nothing.
double tile_error(double query_norm, double max_key_norm, std::size_t dim, Metric metric) noexcept;

// |row - bf16(row)|, rounded as a bf16 tile rounds; infinite or NaN where rounding overflows.
double bf16_residual(std::span<const float> row) noexcept;

// tile_error of a bf16 tile, inner product only. NaN counts as infinite.
double bf16_tile_error(double query_norm, double query_residual, const KeyNorms& keys, std::size_t dim) noexcept;

}  // namespace rattan
