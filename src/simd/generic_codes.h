// The bodies behind every kernel over codes. See generic_score.h for how ISAs are kept apart.
//
// A Lanes type names vectors of unsigned codes and signed query bytes of `width` bytes, 32-bit sums (four products a
// lane), and says how they are multiplied; `load_step` reads the 32 bytes a row may end with.
#pragma once

#include <cstddef>

#include "simd/code_kernels.h"
#include "simd/element.h"
#include "simd/generic_prefetch.h"

namespace rattan::simd {

// Halves of bytes: one sum of two products.
template <typename L>
struct FourBits {
  using Lanes = L;
  struct Sum {
    typename L::Sum all = L::zero();
  };

  static void add(typename L::Codes codes, typename L::Query first, typename L::Query second, Sum& sum) {
    sum.all = L::multiply_add(L::low_half(codes), first, L::multiply_add(L::high_half(codes), second, sum.all));
  }
  template <std::size_t R>
  static void store(const Sum (&sums)[R], float* out) {
    typename L::Sum all[R];
    for (std::size_t r = 0; r < R; ++r) all[r] = sums[r].all;
    L::store_sums(all, out);
  }
};

// Whole bytes: a sum for each plane of the query.
template <typename L>
struct EightBits {
  using Lanes = L;
  struct Sum {
    typename L::Sum high = L::zero();
    typename L::Sum low = L::zero();
  };

  static void add(typename L::Codes codes, typename L::Query first, typename L::Query second, Sum& sum) {
    sum.high = L::multiply_add_bytes(codes, first, sum.high);
    sum.low = L::multiply_add_bytes(codes, second, sum.low);
  }
  template <std::size_t R>
  static void store(const Sum (&sums)[R], float* out) {
    typename L::Sum high[R];
    typename L::Sum low[R];
    float low_out[R];
    for (std::size_t r = 0; r < R; ++r) {
      high[r] = sums[r].high;
      low[r] = sums[r].low;
    }
    L::store_sums(high, out);
    L::store_sums(low, low_out);
    // A product with a power of two is exact: fused or not, the result is the same.
    for (std::size_t r = 0; r < R; ++r) out[r] = 128.0F * out[r] + low_out[r];
  }
};

template <typename Bits, std::size_t Q, std::size_t R>
[[gnu::always_inline]] inline void score_code_block(Bytes queries, const void* const* row_data, std::size_t row_bytes,
                                                    float* scores, std::size_t stride) {
  using Lanes = typename Bits::Lanes;
  typename Bits::Sum sum[Q][R];
  const auto add = [&](std::size_t at, const auto& load) __attribute__((always_inline)) {
    typename Lanes::Codes codes[R];
#pragma GCC unroll 4
    for (std::size_t r = 0; r < R; ++r) codes[r] = load(static_cast<Bytes>(row_data[r]) + at);
#pragma GCC unroll 4
    for (std::size_t q = 0; q < Q; ++q) {
      const Bytes query = queries + 2 * q * row_bytes + at;
      const auto first = Lanes::as_query(load(query));
      const auto second = Lanes::as_query(load(query + row_bytes));
#pragma GCC unroll 4
      for (std::size_t r = 0; r < R; ++r) Bits::add(codes[r], first, second, sum[q][r]);
    }
  };
  std::size_t at = 0;
  for (; at + Lanes::width <= row_bytes; at += Lanes::width) add(at, &Lanes::load);
  if constexpr (Lanes::width > code_row_step) {
    if (at < row_bytes) add(at, &Lanes::load_step);
  }
#pragma GCC unroll 4
  for (std::size_t q = 0; q < Q; ++q) Bits::store(sum[q], scores + q * stride);
}

template <typename Bits, std::size_t Q>
void score_code_group(Bytes queries, const void* const* row_data, std::size_t rows, std::size_t row_bytes,
                      float* scores, std::size_t stride) {
  constexpr std::size_t block = Bits::Lanes::rows_at_once;
  Prefetcher<typename Bits::Lanes> prefetcher(row_data, rows, row_bytes);
  std::size_t r = 0;
  for (; r + block <= rows; r += block) {
    prefetcher.before(r + block);
    score_code_block<Bits, Q, block>(queries, row_data + r, row_bytes, scores + r, stride);
  }
  for (; r < rows; ++r) score_code_block<Bits, Q, 1>(queries, row_data + r, row_bytes, scores + r, stride);
}

template <typename Bits>
void score_codes(const void* query_data, std::size_t queries, const void* const* row_data, std::size_t rows,
                 std::size_t row_bytes, float* scores, std::size_t stride) {
  Bytes query = static_cast<Bytes>(query_data);
  for (; queries >= 4; queries -= 4, query += 8 * row_bytes, scores += 4 * stride)
    score_code_group<Bits, 4>(query, row_data, rows, row_bytes, scores, stride);
  switch (queries) {
    case 1: return score_code_group<Bits, 1>(query, row_data, rows, row_bytes, scores, stride);
    case 2: return score_code_group<Bits, 2>(query, row_data, rows, row_bytes, scores, stride);
    case 3: return score_code_group<Bits, 3>(query, row_data, rows, row_bytes, scores, stride);
    default: return;
  }
}

// Bytes between a scan's loads and what it asks for: the hardware's own prefetching stops at every page.
inline constexpr std::size_t scan_ahead = 6144;

// `B` blocks for Q queries; a sum for each half of the bytes, so that enough sums are under way to hide the latency of
// a multiplication.
template <typename Lanes, std::size_t Q, std::size_t B>
[[gnu::always_inline]] inline void score_interleaved(Bytes queries, Bytes blocks, std::size_t row_bytes, float* scores,
                                                     std::size_t stride) {
  constexpr std::size_t vectors = 4 * code_block_rows / Lanes::width;  // that hold four bytes of every row
  typename Lanes::Sum low[Q][B * vectors];
  typename Lanes::Sum high[Q][B * vectors];
#pragma GCC unroll 4
  for (std::size_t q = 0; q < Q; ++q)
#pragma GCC unroll 8
    for (std::size_t v = 0; v < B * vectors; ++v) low[q][v] = high[q][v] = Lanes::zero();
  for (std::size_t at = 0; at < row_bytes; at += 4) {
    typename Lanes::Codes low_codes[B * vectors];
    typename Lanes::Codes high_codes[B * vectors];
#pragma GCC unroll 8
    for (std::size_t v = 0; v < B * vectors; ++v) {
      const Bytes place =
          blocks + (v / vectors) * code_block_rows * row_bytes + code_block_rows * at + (v % vectors) * Lanes::width;
      if ((v % vectors) * Lanes::width % 64 == 0) __builtin_prefetch(place + scan_ahead);
      const auto codes = Lanes::load(place);
      low_codes[v] = Lanes::low_half(codes);
      high_codes[v] = Lanes::high_half(codes);
    }
#pragma GCC unroll 4
    for (std::size_t q = 0; q < Q; ++q) {
      const auto first = Lanes::repeat_four(queries + 2 * q * row_bytes + at);
      const auto second = Lanes::repeat_four(queries + (2 * q + 1) * row_bytes + at);
#pragma GCC unroll 8
      for (std::size_t v = 0; v < B * vectors; ++v) {
        low[q][v] = Lanes::multiply_add(low_codes[v], first, low[q][v]);
        high[q][v] = Lanes::multiply_add(high_codes[v], second, high[q][v]);
      }
    }
  }
#pragma GCC unroll 4
  for (std::size_t q = 0; q < Q; ++q)
#pragma GCC unroll 8
    for (std::size_t v = 0; v < B * vectors; ++v)
      Lanes::store_each(Lanes::add(low[q][v], high[q][v]), scores + q * stride + v * (Lanes::width / 4));
}

template <typename Lanes, std::size_t Q>
void score_code_blocks_of(Bytes queries, Bytes blocks, std::size_t block_count, std::size_t row_bytes, float* scores,
                          std::size_t stride) {
  constexpr std::size_t together = Lanes::blocks_at_once;
  std::size_t b = 0;
  for (; b + together <= block_count; b += together)
    score_interleaved<Lanes, Q, together>(queries, blocks + b * code_block_rows * row_bytes, row_bytes,
                                          scores + b * code_block_rows, stride);
  for (; b < block_count; ++b)
    score_interleaved<Lanes, Q, 1>(queries, blocks + b * code_block_rows * row_bytes, row_bytes,
                                   scores + b * code_block_rows, stride);
}

template <typename Lanes>
void score_code_blocks(const void* query_data, std::size_t queries, const void* blocks, std::size_t block_count,
                       std::size_t row_bytes, float* scores, std::size_t stride) {
  Bytes query = static_cast<Bytes>(query_data);
  const Bytes block = static_cast<Bytes>(blocks);
  for (; queries >= 4; queries -= 4, query += 8 * row_bytes, scores += 4 * stride)
    score_code_blocks_of<Lanes, 4>(query, block, block_count, row_bytes, scores, stride);
  switch (queries) {
    case 1: return score_code_blocks_of<Lanes, 1>(query, block, block_count, row_bytes, scores, stride);
    case 2: return score_code_blocks_of<Lanes, 2>(query, block, block_count, row_bytes, scores, stride);
    case 3: return score_code_blocks_of<Lanes, 3>(query, block, block_count, row_bytes, scores, stride);
    default: return;
  }
}

template <typename Lanes>
constexpr CodeKernels make_code_kernels() {
  return {
      .code4 = &score_codes<FourBits<Lanes>>,
      .code8 = &score_codes<EightBits<Lanes>>,
      .code4_blocks = &score_code_blocks<Lanes>,
  };
}

}  // namespace rattan::simd
