// The table of vector kernels and its run-time choice. Everything that multiplies vectors goes through here; dispatch
// happens once per list of rows, so search, prune and build are ordinary code. src/DESIGN.md section 5.
//
// Rows are given by pointers, need no alignment and have `dim` elements of the table's dtype (dim >= 1, any size).
// Accumulation is fp32. All of a kernel's inputs may overlap; outputs may not overlap inputs.
// Within one set a score is the same to the bit however many queries and rows share the call; sets differ by rounding.
// Kernels ask the memory for rows ahead of their use: long lists of rows are faster than many short ones. Queries that
// begin a cache line are read faster.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "rattan/types.h"
#include "simd/code_kernels.h"

namespace rattan::simd {

// scores[q * score_stride + r] = <query q, row r> (or -|query q - row r|^2) for q < queries, r < rows. Rows are read
// once for any number of queries.
// Query q is the dim floats from `query_data + q * dim` on: no set rounds queries. |error| of an inner product is at
// most 2 * dim * 2^-24 * sum |query_c * row_c|.
using ScoreRows = void (*)(const float* query_data, std::size_t queries, const void* const* row_data, std::size_t rows,
                           std::size_t dim, float* scores, std::size_t score_stride);

// out[w * dim + c] += sum over r of weights[w * weight_stride + r] * row_r[c] for w < sets.
using AddWeightedRows = void (*)(const float* weights, std::size_t sets, std::size_t weight_stride,
                                 const void* const* row_data, std::size_t rows, std::size_t dim, float* out);

// Converts one row of `dim` elements to fp32.
using ToFloat = void (*)(const void* row, std::size_t dim, float* out);

// Dense tile of inner products: out[i * out_stride + j] = <a_i, b_j> for i < a_rows, j < b_rows. Both sides were packed
// by pack_a / pack_b (panels of the kernel's own width and element); used by exact top-k where both sides are many.
// Products are exact or rounded once, sums are fp32 in any order. A bf16 tile rounds elements to nearest even when it
// packs them, and takes subnormal elements, and flushes subnormal sums, as zero.
struct TileKernel {
  std::size_t a_panel;  // rows per packed panel of a
  std::size_t b_panel;  // rows per packed panel of b
  // Packs `rows` fp32 rows of `dim` elements (row i at source + i * dim) into panels, zero-padded to whole panels.
  // `packed` is ceil(rows / panel) * panel * row_floats(dim) floats of storage.
  void (*pack_a)(const float* source, std::size_t rows, std::size_t dim, float* packed);
  void (*pack_b)(const float* source, std::size_t rows, std::size_t dim, float* packed);
  // `out` rows must have room for b_rows rounded up to whole panels; out_stride >= that; a_rows rounded up likewise.
  void (*multiply)(const float* packed_a, std::size_t a_rows, const float* packed_b, std::size_t b_rows,
                   std::size_t dim, float* out, std::size_t out_stride);
  std::size_t column_step = 1;                // packed rows are padded with zeros to a multiple of this many columns
  std::size_t element_bytes = sizeof(float);  // of a packed element: 4 (fp32) or 2 (bf16)

  std::size_t row_floats(std::size_t dim) const noexcept {
    return (dim + column_step - 1) / column_step * column_step * element_bytes / sizeof(float);
  }
};

// Writes the positions (ascending) of scores[i] >= threshold into `positions` and returns how many. `positions` has
// room for `count` entries. The filter in front of a TopK: almost nothing passes.
using SelectAbove = std::size_t (*)(const float* scores, std::size_t count, float threshold, std::uint32_t* positions);

// The largest of `count` numbers; -infinity for none. NaN may be passed over.
using Largest = float (*)(const float* values, std::size_t count);

// weights[i] = exp(scale * (scores[i] - top)) for scores up to `top` and scale >= 0, zero where that is below e^-87,
// and returns their sum. The relative error of a weight is below 2^-22 + 2^-23 * |scale * (scores[i] - top)|.
// -infinity weighs nothing, NaN weighs NaN; top is finite. weights may be scores.
using ExpWeights = float (*)(const float* scores, std::size_t count, float scale, float top, float* weights);

// values[i] = cap * tanh(values[i] / cap) for cap > 0, off by less than cap * 2^-21; infinity becomes cap, NaN stays.
using SoftCap = void (*)(float* values, std::size_t count, float cap);

struct Kernels {
  const char* name;  // "scalar", "avx2", "avx512", "avx512bf16", "avx512amx"
  // By DType of the rows: score(), add_weighted() and widen() choose among them.
  ScoreRows inner_product[3];
  ScoreRows l2[3];
  AddWeightedRows add_weighted_rows[3];
  ToFloat to_float[3];
  TileKernel tile;              // fp32
  const TileKernel* bf16_tile;  // faster and coarser; null where the set has none
  SelectAbove select_above;
  Largest largest;
  ExpWeights exp_weights;
  SoftCap soft_cap;
  const CodeKernels* codes;  // avx512bf16: with VNNI

  ScoreRows score(Metric metric, DType dtype) const noexcept {
    return (metric == Metric::inner_product ? inner_product : l2)[static_cast<std::size_t>(dtype)];
  }
  AddWeightedRows add_weighted(DType dtype) const noexcept {
    return add_weighted_rows[static_cast<std::size_t>(dtype)];
  }
  ToFloat widen(DType dtype) const noexcept { return to_float[static_cast<std::size_t>(dtype)]; }
};

// The best set this CPU runs, or the one RATTAN_ISA names (scalar, avx2, avx512, avx512bf16, avx512amx). Chosen on
// first use. avx512amx is avx512bf16 with another bf16_tile: its row kernels are the same functions.
// Throws Error(invalid_argument) if RATTAN_ISA names none of them or one the CPU lacks.
const Kernels& kernels();

// Every set this CPU can run, best first; for tests and benchmarks.
std::span<const Kernels* const> runnable_kernels();

// The set of that name if the CPU can run it, else null.
const Kernels* find_kernels(std::string_view name) noexcept;

}  // namespace rattan::simd
