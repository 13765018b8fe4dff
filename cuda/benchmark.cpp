// Exact top-k on the GPU beside cuBLAS: rattan-exact-topk-cuda [n] [k] [heads] [repeats].
// Random bf16 data on the device, d = 128; times by CUDA events, medians. The stages are timed as one chain of kernels
// per chunk, as search.cpp enqueues them, without copies to the host. benchmark_layer.cpp times find().
#include "benchmark.h"

#include <cublas_v2.h>

#include <cstdio>
#include <cstdlib>

#include "kernels.h"
#include "sample_rank.h"

namespace rattan::cuda {
namespace {

constexpr std::uint32_t dim = 128;
constexpr std::uint32_t blocks = dim / block_cols;
constexpr std::uint32_t chunk = 132 * 2 * 192;

double gemm_seconds(Timer& timer, int repeats, int rows, int keys, int inner, const void* a, const void* b, void* c,
                    cublasHandle_t handle) {
  const float one = 1;
  const float zero = 0;
  return timer.seconds(repeats, [&] {
    cublasGemmEx(handle, CUBLAS_OP_T, CUBLAS_OP_N, keys, rows, inner, &one, b, CUDA_R_16BF, inner, a, CUDA_R_16BF,
                 inner, &zero, c, CUDA_R_16BF, keys, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT);
  });
}

void run(std::uint32_t n, std::uint32_t k, std::uint32_t heads, int repeats) {
  const std::size_t rows = std::size_t{n} * heads;
  Timer timer;
  Buffer<std::uint16_t> queries(rows * dim);
  Buffer<std::uint16_t> keys(std::size_t{n} * dim);
  fill(queries.get(), rows * dim, 1);
  fill(keys.get(), std::size_t{n} * dim, 2);

  const std::uint32_t stride = sample_stride(n);
  const std::uint32_t capacity = survivor_capacity(k, stride);
  const std::uint32_t sampled = std::min(n, std::max(wanted_sample, n / most_stride + 1));
  const std::uint32_t sample_padded = (sampled + key_tile - 1) / key_tile * key_tile;
  const std::uint32_t key_padded = (n + key_tile - 1) / key_tile * key_tile;
  const std::uint32_t maxima_stride = sample_padded / keys_per_maximum(k);
  Buffer<std::uint8_t> packed_keys(std::size_t{key_padded} * dim * 2);
  Buffer<std::uint8_t> packed_sample(std::size_t{sample_padded} * dim * 2);
  const auto tiles = static_cast<std::uint32_t>((rows + row_padding - 1) / row_padding * row_padding);
  Buffer<std::uint8_t> packed_queries(std::size_t{tiles} * dim * 2);
  Buffer<std::uint32_t> counts(tiles);
  std::vector<std::uint32_t> all(tiles, 0);
  std::fill_n(all.begin(), rows, n);
  cudaMemcpy(counts.get(), all.data(), tiles * 4, cudaMemcpyHostToDevice);
  Buffer<float> thresholds(chunk);
  Buffer<std::uint32_t> found(std::size_t{tiles} * hopper_parts);
  Buffer<uint2> survivors(std::size_t{chunk} * capacity);
  Buffer<float> maxima(std::size_t{chunk} * maxima_stride);
  Buffer<std::uint32_t> lists(2 * chunk + 2);
  Buffer<std::uint32_t> ids(std::size_t{chunk} * k);
  Buffer<float> scores(std::size_t{chunk} * k);

  PackWork packing;
  packing.row_stride = dim;
  packing.cols = dim;
  packing.blocks = blocks;
  packing.bf16 = true;
  const auto pack_sample = [&](std::uint32_t step, std::uint32_t seen) {
    PackWork work = packing;
    work.tile_rows = key_tile;
    work.source = keys.get();
    work.step = step;
    work.count = (seen + step - 1) / step;
    work.padded = (work.count + key_tile - 1) / key_tile * key_tile;
    work.packed = packed_sample.get();
    pack(work, nullptr);
  };
  const auto pack_all = [&] {
    PackWork work = packing;
    work.tile_rows = key_tile;
    work.source = keys.get();
    work.count = n;
    work.padded = key_padded;
    work.packed = packed_keys.get();
    pack(work, nullptr);
    work = packing;
    work.tile_rows = query_tile;
    work.source = queries.get();
    work.count = static_cast<std::uint32_t>(rows);
    work.padded = tiles;
    work.packed = packed_queries.get();
    pack(work, nullptr);
  };
  const double pack_s = timer.seconds(repeats, pack_all);

  std::uint32_t redone = 0;
  double found_sum = 0;
  enum { sampling, thresholding, scoring, finishing };
  const std::uint32_t* host_counts = all.data();
  const auto chain = [&](int until) {
    for (std::uint32_t first = 0; first < tiles; first += chunk) {
      ScoreWork work;
      work.queries = packed_queries.get() + std::size_t{first} * dim * 2;
      work.keys = packed_sample.get();
      work.counts = counts.get() + first;
      work.stride = sample_stride(host_counts[first]);
      pack_sample(work.stride, host_counts[first]);
      work.rows = std::min(chunk, tiles - first);
      work.blocks = blocks;
      work.bf16 = true;
      work.maxima = maxima.get();
      work.maxima_keys = keys_per_maximum(k);
      work.maxima_stride = maxima_stride;
      score_hopper(work, nullptr);
      if (until >= thresholding) choose_thresholds(work, k, capacity, thresholds.get(), nullptr);
      FinishWork last;
      last.scored = work;
      last.scored.keys = packed_keys.get();
      last.scored.stride = 1;
      last.scored.maxima = nullptr;
      last.scored.thresholds = thresholds.get();
      last.scored.survivors = survivors.get();
      last.scored.found = found.get() + std::size_t{first} * hopper_parts;
      last.scored.capacity = capacity;
      if (until >= scoring) score_hopper(last.scored, nullptr);
      last.count = static_cast<std::uint32_t>(std::min<std::size_t>(chunk, rows - first));
      last.k = k;
      last.lists = lists.get();
      last.ids = ids.get();
      last.scores = scores.get();
      if (until >= finishing) finish(last, nullptr);
    }
  };
  std::vector<std::uint32_t> falling(tiles, 0);
  for (std::size_t i = 0; i < rows; ++i) falling[i] = n - static_cast<std::uint32_t>(i / heads);
  cudaMemcpy(counts.get(), falling.data(), tiles * 4, cudaMemcpyHostToDevice);
  host_counts = falling.data();
  const double causal_s = timer.seconds(repeats, [&] { chain(finishing); });
  cudaMemcpy(counts.get(), all.data(), tiles * 4, cudaMemcpyHostToDevice);
  host_counts = all.data();
  const double all_s = timer.seconds(repeats, [&] { chain(finishing); });
  check(cudaGetLastError(), "kernels");
  cudaMemcpy(&redone, lists.get(), 4, cudaMemcpyDeviceToHost);
  std::vector<std::uint32_t> counted(rows * hopper_parts);
  cudaMemcpy(counted.data(), found.get(), counted.size() * 4, cudaMemcpyDeviceToHost);
  for (const std::uint32_t value : counted) found_sum += value;
  double stage[4];
  double before = 0;
  for (int i = 0; i < 4; ++i) {  // each stage needs the ones before it
    const double upto = timer.seconds(repeats, [&] { chain(i); });
    stage[i] = upto - before;
    before = upto;
  }

  cublasHandle_t handle = nullptr;
  cublasCreate(&handle);
  constexpr int square = 8192;
  Buffer<std::uint16_t> a(std::size_t{square} * square);
  Buffer<std::uint16_t> b(std::size_t{square} * square);
  Buffer<std::uint16_t> c(std::size_t{square} * square);
  fill(a.get(), std::size_t{square} * square, 3);
  fill(b.get(), std::size_t{square} * square, 4);
  const double square_s = gemm_seconds(timer, repeats, square, square, square, a.get(), b.get(), c.get(), handle);
  const int part = 8192;
  Buffer<std::uint16_t> out(std::size_t{part} * n);
  const double same_s =
      gemm_seconds(timer, repeats, part, static_cast<int>(n), dim, queries.get(), keys.get(), out.get(), handle);
  cublasDestroy(handle);

  const double flop = 2.0 * static_cast<double>(rows) * n * dim;
  const double square_rate = 2.0 * square * square * square / square_s / 1e12;
  const double rate = flop / (all_s + pack_s) / 1e12;
  std::printf(
      "n %u k %u heads %u: %.3f ms a head, causal %.3f (pack %.3f sample %.3f thresholds %.3f score %.3f finish %.3f), "
      "%.1f TFLOP/s, %.1f %% of square GEMM (%.1f), same-shape GEMM writing bf16 scores %.1f TFLOP/s, "
      "%.1f survivors a row, %u redone in last chunk\n",
      n, k, heads, 1e3 * (all_s + pack_s) / heads, 1e3 * (causal_s + pack_s) / heads, 1e3 * pack_s / heads,
      1e3 * stage[0] / heads, 1e3 * stage[1] / heads, 1e3 * stage[2] / heads, 1e3 * stage[3] / heads, rate,
      100 * rate / square_rate, square_rate, 2.0 * part * n * dim / same_s / 1e12,
      found_sum / static_cast<double>(rows), redone);
}

}  // namespace
}  // namespace rattan::cuda

int main(int argc, char** argv) {
  const auto number = [&](int i, long standard) { return argc > i ? std::atol(argv[i]) : standard; };
  rattan::cuda::run(static_cast<std::uint32_t>(number(1, 131072)), static_cast<std::uint32_t>(number(2, 100)),
                    static_cast<std::uint32_t>(number(3, 4)), static_cast<int>(number(4, 5)));
}
