// The bf16 flat scan on one thread against a plain read of the same bytes. Eight matrices of 32 MiB take turns, more
// than the last-level cache holds, as a decoder walks through its heads.
#include "scan/flat_scan.h"

#include <benchmark/benchmark.h>

#include <cstring>
#include <memory>
#include <vector>

#include "bench/micro/bench_matrices.h"
#include "scan/checked_matrix.h"

namespace rattan::bench {
namespace {

constexpr std::size_t heads = 8;
constexpr std::size_t keys_count = 131072;
constexpr std::size_t dim = 128;

// Made once: filling 256 MiB takes longer than measuring.
const std::vector<std::unique_ptr<RandomMatrix>>& key_heads(DType dtype) {
  static std::vector<std::unique_ptr<RandomMatrix>> matrices;
  if (matrices.empty() || matrices.front()->view().dtype != dtype) {
    matrices.clear();
    const RandomMatrix first(keys_count, dim, dtype, 1);
    for (std::size_t head = 0; head < heads; ++head) {
      matrices.push_back(std::make_unique<RandomMatrix>(first));
    }
  }
  return matrices;
}

void count_bytes(benchmark::State& state, const MatrixView& keys) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(keys.rows * keys.row_bytes()));
}

void plain_read(benchmark::State& state) {
  const auto& keys = key_heads(DType::f16);
  std::size_t head = 0;
  for (auto _ : state) {
    const MatrixView& view = keys[head++ % heads]->view();
    const auto* bytes = static_cast<const std::byte*>(view.data);
    std::uint64_t sums[8] = {};
    for (std::size_t i = 0; i < view.rows * view.row_bytes(); i += 64) {
      std::uint64_t words[8];
      std::memcpy(words, bytes + i, 64);
      for (std::size_t lane = 0; lane < 8; ++lane) sums[lane] += words[lane];
    }
    benchmark::DoNotOptimize(sums);
  }
  count_bytes(state, keys.front()->view());
}

void finite_check(benchmark::State& state) {
  const auto& keys = key_heads(DType::f16);
  std::size_t head = 0;
  for (auto _ : state) check_finite(keys[head++ % heads]->view(), "keys", serial_executor());
  count_bytes(state, keys.front()->view());
}

void flat(benchmark::State& state, DType dtype) {
  const auto group = static_cast<std::size_t>(state.range(0));
  const auto& keys = key_heads(dtype);
  const RandomMatrix queries(group, dim, DType::f32, 2);
  PreparedQueries prepared;
  FlatScratch scratch;
  std::vector<TopK> tops(group);
  std::size_t head = 0;
  for (auto _ : state) {
    const Scorer scorer(keys[head++ % heads]->view(), Metric::inner_product);
    scorer.prepare(queries.view(), prepared);
    for (TopK& top : tops) top.reset(100);
    flat_scan(scorer, prepared, IdRange{}, tops, scratch);
    for (TopK& top : tops) benchmark::DoNotOptimize(top.sorted().data());
  }
  count_bytes(state, keys.front()->view());
}

BENCHMARK(plain_read)->Unit(benchmark::kMillisecond);
BENCHMARK(finite_check)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(flat, f16, DType::f16)
    ->ArgName("group")
    ->Arg(1)
    ->Arg(4)
    ->Arg(6)
    ->Arg(8)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(flat, bf16, DType::bf16)
    ->ArgName("group")
    ->Arg(1)
    ->Arg(4)
    ->Arg(6)
    ->Arg(8)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace rattan::bench
