// Exact top-k of f16 queries and keys, all threads. The rate counts the multiplications of the full product.
#include "rattan/exact_topk.h"

#include <benchmark/benchmark.h>

#include <vector>

#include "bench/micro/bench_matrices.h"

namespace rattan::bench {
namespace {

void exact_topk(benchmark::State& state, Metric metric, bool causal) {
  const auto rows = static_cast<std::size_t>(state.range(0));
  const auto keys_count = static_cast<std::size_t>(state.range(1));
  const auto k = static_cast<std::uint32_t>(state.range(2));
  constexpr std::size_t dim = 128;
  const RandomMatrix queries(rows, dim, DType::f16, 1);
  const RandomMatrix keys(keys_count, dim, DType::f16, 2);
  std::vector<std::int64_t> positions;
  for (std::size_t row = 0; causal && row < rows; ++row) {
    positions.push_back(static_cast<std::int64_t>(row * keys_count / rows));
  }
  const auto exact = make_exact_topk_cpu();
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        exact->find(queries.view(), keys.view(), k, metric, {.range = {}, .positions = positions, .recent = 0}));
  }
  const double pairs = static_cast<double>(rows * keys_count) * (causal ? 0.5 : 1.0);
  state.counters["flop/s"] = benchmark::Counter(pairs * 2 * dim, benchmark::Counter::kIsIterationInvariantRate);
}

BENCHMARK_CAPTURE(exact_topk, inner_product, Metric::inner_product, false)
    ->ArgNames({"rows", "keys", "k"})
    ->Args({2048, 32768, 1})
    ->Args({2048, 32768, 100})
    ->Args({2048, 32768, 1000})
    ->Args({64, 131072, 100})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(exact_topk, l2, Metric::l2, false)
    ->ArgNames({"rows", "keys", "k"})
    ->Args({2048, 32768, 100})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(exact_topk, causal, Metric::inner_product, true)
    ->ArgNames({"rows", "keys", "k"})
    ->Args({4096, 32768, 100})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace rattan::bench
