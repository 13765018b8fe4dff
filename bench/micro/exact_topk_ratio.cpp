// Exact top-k against OpenBLAS sgemm of the same shape, interleaved in one run: how much of the rate of a bare matrix
// product is left once keys are converted from f16 and the best k are kept. Where the CPU multiplies bf16 faster than
// fp32 the ratio exceeds 1; bf16 vectors, which need no wider bound there, are timed beside it.
#include <cblas.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "bench/micro/bench_matrices.h"
#include "core/median.h"
#include "rattan/exact_topk.h"
#include "simd/kernels.h"

namespace {

using rattan::DType;
using rattan::median;
using rattan::bench::RandomMatrix;

struct Shape {
  std::size_t rows = 2048;
  std::size_t keys = 32768;
  std::size_t dim = 128;
  std::uint32_t k = 100;
  unsigned threads = 0;
  int repeats = 7;
};

template <typename Work>
double seconds(const Work& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// OpenBLAS does not know newer CPUs and then falls back to AVX2; it reads its core type only when it is loaded.
void restart_with_core_type(char** argv) {
  const std::string isa = rattan::simd::kernels().name;
  const std::string core = openblas_get_corename();
  const bool wide = core == "SkylakeX" || core == "Cooperlake" || core == "Sapphirerapids";
  if (isa.rfind("avx512", 0) != 0 || wide || std::getenv("OPENBLAS_CORETYPE") != nullptr) return;
  setenv("OPENBLAS_CORETYPE", "SKYLAKEX", 1);
  execv("/proc/self/exe", argv);
}

// Queries x keys in blocks of keys, so that sgemm may choose how much of the result it writes before it is reused.
void multiply(const Shape& shape, const RandomMatrix& queries, const RandomMatrix& keys, std::size_t block,
              std::vector<float>& scores) {
  const auto dim = static_cast<blasint>(shape.dim);
  for (std::size_t begin = 0; begin < shape.keys; begin += block) {
    const std::size_t count = std::min(block, shape.keys - begin);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, static_cast<blasint>(shape.rows), static_cast<blasint>(count),
                dim, 1.0F, queries.floats(), dim, keys.floats() + begin * shape.dim, dim, 0.0F, scores.data(),
                static_cast<blasint>(block));
  }
}

void compare(const Shape& shape) {
  const auto executor = rattan::make_thread_executor(shape.threads);
  openblas_set_num_threads(static_cast<int>(executor->workers()));
  const RandomMatrix queries(shape.rows, shape.dim, DType::f16, 1);
  const RandomMatrix keys(shape.keys, shape.dim, DType::f16, 2);
  const RandomMatrix bf16_queries(shape.rows, shape.dim, DType::bf16, 1);
  const RandomMatrix bf16_keys(shape.keys, shape.dim, DType::bf16, 2);
  const RandomMatrix wide_queries(shape.rows, shape.dim, DType::f32, 1);
  const RandomMatrix wide_keys(shape.keys, shape.dim, DType::f32, 2);
  std::vector<float> scores(shape.rows * shape.keys);
  const auto exact = rattan::make_exact_topk_cpu(executor.get());

  const double work = 2e-9 * static_cast<double>(shape.rows * shape.keys * shape.dim);
  const std::size_t blocks[] = {shape.keys, 8192, 2048};
  std::vector<double> times[3];
  std::vector<double> exact_times;
  std::vector<double> bf16_times;
  std::vector<double> ratios;
  for (int repeat = 0; repeat < shape.repeats; ++repeat) {
    double best = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      times[i].push_back(seconds([&] { multiply(shape, wide_queries, wide_keys, blocks[i], scores); }));
      best = i == 0 ? times[i].back() : std::min(best, times[i].back());
    }
    exact_times.push_back(
        seconds([&] { (void)exact->find(queries.view(), keys.view(), shape.k, rattan::Metric::inner_product, {}); }));
    bf16_times.push_back(seconds(
        [&] { (void)exact->find(bf16_queries.view(), bf16_keys.view(), shape.k, rattan::Metric::inner_product, {}); }));
    ratios.push_back(best / exact_times.back());
  }

  std::printf("rows %zu, keys %zu, dim %zu, k %u, f16, threads %u, isa %s, OpenBLAS core %s, median of %d\n",
              shape.rows, shape.keys, shape.dim, shape.k, executor->workers(), rattan::simd::kernels().name,
              openblas_get_corename(), shape.repeats);
  for (std::size_t i = 0; i < 3; ++i) {
    std::printf("sgemm, %6zu keys a call  %8.1f GFLOP/s\n", std::min(blocks[i], shape.keys), work / median(times[i]));
  }
  const auto print_exact = [&](const char* dtype, const std::vector<double>& exact_seconds) {
    std::printf("exact top-k, %-4s        %8.1f GFLOP/s, %.0f queries/s\n", dtype, work / median(exact_seconds),
                static_cast<double>(shape.rows) / median(exact_seconds));
  };
  print_exact("f16", exact_times);
  print_exact("bf16", bf16_times);
  std::printf("exact top-k of f16 / best sgemm of the same repeat: median %.3f, least %.3f, most %.3f\n",
              median(ratios), *std::min_element(ratios.begin(), ratios.end()),
              *std::max_element(ratios.begin(), ratios.end()));
}

}  // namespace

int main(int argc, char** argv) {
  restart_with_core_type(argv);
  Shape shape;
  CLI::App app("Exact top-k of f16 vectors against OpenBLAS sgemm of the same shape, interleaved.");
  app.add_option("--rows", shape.rows, "query rows")->capture_default_str();
  app.add_option("--keys", shape.keys, "keys")->capture_default_str();
  app.add_option("--dim", shape.dim, "dimension")->capture_default_str();
  app.add_option("--k", shape.k, "neighbours per row")->capture_default_str();
  app.add_option("--threads", shape.threads, "threads of both, 0: all")->capture_default_str();
  app.add_option("--repeats", shape.repeats, "interleaved repeats")->check(CLI::PositiveNumber)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  compare(shape);
  return 0;
}
