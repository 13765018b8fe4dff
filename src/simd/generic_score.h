// Scores of a group of queries and a list of rows: the one body behind every inner-product and L2 kernel.
//
// Every (query, row) pair has one accumulator that walks the row front to back, and Lanes::store_sums folds each of
// them by the same tree: a score never depends on how many queries or rows share the call.
//
// This header and its siblings hold templates only. Each ISA file instantiates them with types of its own anonymous
// namespace, so that no function compiled for a newer CPU can be linked into code for an older one.
#pragma once

#include <cstddef>

#include "simd/element.h"
#include "simd/generic_prefetch.h"

namespace rattan::simd {

// A product says what one step of an accumulator is. Here: fp32 queries, rows converted to fp32.
template <typename L, typename Element>
struct InnerProduct {
  using Lanes = L;
  using Operand = typename L::Batch;
  using Query = F32;
  using Key = Element;
  static constexpr std::size_t step = L::width;

  static Operand load_query(Bytes at) { return L::load(F32{}, at); }
  static Operand load_query_tail(Bytes at, std::size_t count) { return L::load_tail(F32{}, at, count); }
  static Operand load_key(Bytes at) { return L::load(Key{}, at); }
  static Operand load_key_tail(Bytes at, std::size_t count) { return L::load_tail(Key{}, at, count); }
  static typename L::Batch accumulate(Operand query, Operand key, typename L::Batch sum) {
    return L::multiply_add(query, key, sum);
  }
  static typename L::Batch finish(typename L::Batch sum) { return sum; }
};

template <typename L, typename Element>
struct NegatedL2 : InnerProduct<L, Element> {
  using Batch = typename L::Batch;

  static Batch accumulate(Batch query, Batch key, Batch sum) {
    const Batch difference = L::subtract(query, key);
    return L::multiply_add(difference, difference, sum);
  }
  static Batch finish(Batch sum) { return L::subtract(L::zero(), sum); }
};

// Q x R accumulators; all array indices are compile-time constants once unrolled, so they live in registers.
template <typename Product, std::size_t Q, std::size_t R>
class ScoreBlock {
 public:
  static void run(Bytes queries, const void* const* row_data, std::size_t dim, float* scores, std::size_t stride) {
    const std::size_t query_bytes = dim * Product::Query::bytes;
    Bytes row[R];
    Batch sum[Q][R];
#pragma GCC unroll 16
    for (std::size_t r = 0; r < R; ++r) row[r] = static_cast<Bytes>(row_data[r]);
#pragma GCC unroll 16
    for (std::size_t q = 0; q < Q; ++q)
#pragma GCC unroll 16
      for (std::size_t r = 0; r < R; ++r) sum[q][r] = Lanes::zero();

    std::size_t column = 0;
    for (; column + Product::step <= dim; column += Product::step)
      add<false>(queries, query_bytes, row, column, Product::step, sum);
    if (column < dim) add<true>(queries, query_bytes, row, column, dim - column, sum);

#pragma GCC unroll 16
    for (std::size_t q = 0; q < Q; ++q) {
#pragma GCC unroll 16
      for (std::size_t r = 0; r < R; ++r) sum[q][r] = Product::finish(sum[q][r]);
      Lanes::store_sums(sum[q], scores + q * stride);
    }
  }

 private:
  using Lanes = typename Product::Lanes;
  using Batch = typename Lanes::Batch;
  using Operand = typename Product::Operand;

  // Columns [column, column + count): a whole step, or the tail of the rows.
  template <bool tail>
  [[gnu::always_inline]] static void add(Bytes queries, std::size_t query_bytes, const Bytes (&row)[R],
                                         std::size_t column, std::size_t count, Batch (&sum)[Q][R]) {
    Operand key[R];
#pragma GCC unroll 16
    for (std::size_t r = 0; r < R; ++r) {
      const Bytes at = row[r] + column * Product::Key::bytes;
      key[r] = tail ? Product::load_key_tail(at, count) : Product::load_key(at);
    }
#pragma GCC unroll 16
    for (std::size_t q = 0; q < Q; ++q) {
      const Bytes at = queries + q * query_bytes + column * Product::Query::bytes;
      Operand query = tail ? Product::load_query_tail(at, count) : Product::load_query(at);
      if constexpr (Q > 1 && R > 1) Lanes::keep(query);
#pragma GCC unroll 16
      for (std::size_t r = 0; r < R; ++r) sum[q][r] = Product::accumulate(query, key[r], sum[q][r]);
    }
  }
};

// How many queries are scored in one pass over a block of rows: `many` passes of Q, then `few` of Q - 1. Four fill the
// multipliers, and more would leave too few registers for rows. A pass of one query beside others would wait for loads,
// so that the passes are as even as they can be. Rows are in the first-level cache from the first pass on.
struct QueryPasses {
  static constexpr std::size_t most = 4;

  explicit QueryPasses(std::size_t queries)
      : each((queries + passes_for(queries) - 1) / passes_for(queries)),
        many(queries - passes_for(queries) * (each - 1)),
        few(passes_for(queries) - many) {}

  std::size_t each;  // Q
  std::size_t many;
  std::size_t few;

 private:
  static constexpr std::size_t passes_for(std::size_t queries) { return (queries + most - 1) / most; }
};

// The same known at compile time: the work between two blocks of rows is as short as it can be, which a scan that waits
// for memory feels (f16 rows of 128, four queries: 6 % of the time).
template <std::size_t Many, std::size_t Few>
struct FixedPasses {
  static constexpr std::size_t many = Many;
  static constexpr std::size_t few = Few;
};

template <typename Product, std::size_t Q, std::size_t R, typename Passes>
void score_block(Bytes queries, const Passes& passes, const void* const* row_data, std::size_t dim, float* scores,
                 std::size_t stride) {
  const std::size_t query_bytes = dim * Product::Query::bytes;
  for (std::size_t i = 0; i < passes.many; ++i, queries += Q * query_bytes, scores += Q * stride)
    ScoreBlock<Product, Q, R>::run(queries, row_data, dim, scores, stride);
  if constexpr (Q > 1) {
    for (std::size_t i = 0; i < passes.few; ++i, queries += (Q - 1) * query_bytes, scores += (Q - 1) * stride)
      ScoreBlock<Product, Q - 1, R>::run(queries, row_data, dim, scores, stride);
  }
}

template <typename Product, std::size_t Q, typename Passes>
void score_group(Bytes queries, const Passes& passes, const void* const* row_data, std::size_t rows, std::size_t dim,
                 float* scores, std::size_t stride) {
  using Lanes = typename Product::Lanes;
  constexpr std::size_t block = Lanes::rows_at_once(Q);
  Prefetcher<Lanes> prefetcher(row_data, rows, dim * Product::Key::bytes);
  std::size_t r = 0;
  for (; r + block <= rows; r += block) {
    prefetcher.before(r + block);
    score_block<Product, Q, block>(queries, passes, row_data + r, dim, scores + r, stride);
  }
  for (; r < rows; ++r) score_block<Product, Q, 1>(queries, passes, row_data + r, dim, scores + r, stride);
}

template <typename Product>
void score_rows(const float* query_data, std::size_t queries, const void* const* row_data, std::size_t rows,
                std::size_t dim, float* scores, std::size_t stride) {
  if (queries == 0) return;
  const Bytes q = reinterpret_cast<Bytes>(query_data);
  switch (queries) {
    case 1: return score_group<Product, 1>(q, FixedPasses<1, 0>(), row_data, rows, dim, scores, stride);
    case 2: return score_group<Product, 2>(q, FixedPasses<1, 0>(), row_data, rows, dim, scores, stride);
    case 3: return score_group<Product, 3>(q, FixedPasses<1, 0>(), row_data, rows, dim, scores, stride);
    case 4: return score_group<Product, 4>(q, FixedPasses<1, 0>(), row_data, rows, dim, scores, stride);
    case 5: return score_group<Product, 3>(q, FixedPasses<1, 1>(), row_data, rows, dim, scores, stride);
    case 6: return score_group<Product, 3>(q, FixedPasses<2, 0>(), row_data, rows, dim, scores, stride);
    case 7: return score_group<Product, 4>(q, FixedPasses<1, 1>(), row_data, rows, dim, scores, stride);
    case 8: return score_group<Product, 4>(q, FixedPasses<2, 0>(), row_data, rows, dim, scores, stride);
    default: break;
  }
  const QueryPasses passes(queries);
  if (passes.each == 3) return score_group<Product, 3>(q, passes, row_data, rows, dim, scores, stride);
  score_group<Product, 4>(q, passes, row_data, rows, dim, scores, stride);
}

}  // namespace rattan::simd
