// What a query head costs in groups of every size: scores of keys, weighted sums of values and scores of codes, per row
// and query head, in the first-level cache. Names: <kernel>/<set>/<dtype>/<dim>/<query heads>. For medians of
// interleaved runs: --benchmark_enable_random_interleaving=true --benchmark_repetitions=9.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "bench/micro/bench_matrices.h"
#include "core/aligned.h"
#include "simd/kernels.h"

namespace rattan::bench {
namespace {

constexpr std::size_t rows = 64;

std::vector<const void*> row_pointers(const MatrixView& matrix) {
  std::vector<const void*> pointers;
  for (std::size_t i = 0; i < matrix.rows; ++i) pointers.push_back(matrix.row(i));
  return pointers;
}

void count_pairs(benchmark::State& state, std::size_t heads) {
  const auto pairs = static_cast<double>(rows * heads);
  state.counters["s_per_pair"] =
      benchmark::Counter(pairs, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void score(benchmark::State& state, const simd::Kernels* set, DType dtype, std::size_t dim, std::size_t heads) {
  const RandomMatrix keys(rows, dim, dtype, 1);
  const std::vector<const void*> pointers = row_pointers(keys.view());
  const AlignedVector<float> queries(heads * dim, 0.25F);
  std::vector<float> scores(heads * rows);
  const simd::ScoreRows kernel = set->score(Metric::inner_product, dtype);
  for (auto _ : state) {
    kernel(queries.data(), heads, pointers.data(), rows, dim, scores.data(), rows);
    benchmark::DoNotOptimize(scores.data());
  }
  count_pairs(state, heads);
}

void weigh(benchmark::State& state, const simd::Kernels* set, DType dtype, std::size_t dim, std::size_t heads) {
  const RandomMatrix values(rows, dim, dtype, 1);
  const std::vector<const void*> pointers = row_pointers(values.view());
  const std::vector<float> weights(heads * rows, 0.25F);
  std::vector<float> out(heads * dim);
  const simd::AddWeightedRows kernel = set->add_weighted(dtype);
  for (auto _ : state) {
    kernel(weights.data(), heads, rows, pointers.data(), rows, dim, out.data());
    benchmark::DoNotOptimize(out.data());
  }
  count_pairs(state, heads);
}

void score_codes(benchmark::State& state, const simd::Kernels* set, std::size_t dim, std::size_t heads) {
  const std::size_t row_bytes = (dim + 63) / 64 * 32;
  const AlignedVector<unsigned char> blocks(rows * row_bytes, 0x35);
  const AlignedVector<signed char> queries(heads * 2 * row_bytes, 3);
  std::vector<float> scores(heads * rows);
  for (auto _ : state) {
    set->codes->code4_blocks(queries.data(), heads, blocks.data(), rows / simd::code_block_rows, row_bytes,
                             scores.data(), rows);
    benchmark::DoNotOptimize(scores.data());
  }
  count_pairs(state, heads);
}

const bool registered = [] {
  for (const simd::Kernels* set : simd::runnable_kernels()) {
    for (const std::size_t dim : {64U, 128U}) {
      for (const std::size_t heads : {1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U, 12U, 14U, 16U, 71U, 128U}) {
        const std::string tail = "/" + std::to_string(dim) + "/" + std::to_string(heads);
        for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
          const std::string name = std::string("/") + set->name + "/" + to_string(dtype) + tail;
          benchmark::RegisterBenchmark(("group_score" + name).c_str(), score, set, dtype, dim, heads);
          benchmark::RegisterBenchmark(("group_weigh" + name).c_str(), weigh, set, dtype, dim, heads);
        }
        benchmark::RegisterBenchmark((std::string("group_codes/") + set->name + "/code4" + tail).c_str(), score_codes,
                                     set, dim, heads);
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace rattan::bench
