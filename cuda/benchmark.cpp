// Exact top-k on the GPU beside cuBLAS: rattan-exact-topk-cuda [n] [k] [heads] [repeats].
// Random bf16 data on the device, d = 128; times by CUDA events, medians. The stages are timed as one chain of kernels
// per chunk, as search.cpp enqueues them, without copies to the host. benchmark_layer.cpp times find().
#include "benchmark.h"

#include <cublas_v2.h>

#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <utility>

#include "chunks.h"
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

// The stages of a search as search.cpp enqueues them, on the default stream.
class Chain {
 public:
  enum Stage { packing, sampling, thresholding, scoring, finishing, stages };

  Chain(std::uint32_t n, std::uint32_t k, std::uint32_t heads)
      : n_(n),
        k_(k),
        rows_(std::size_t{n} * heads),
        capacity_(survivor_capacity(k, sample_stride(n))),
        maxima_stride_(padded(sample_rows(n), key_tile) / fewest_keys_per_maximum),
        queries_(rows_ * dim),
        keys_(std::size_t{n} * dim),
        packed_keys_(std::size_t{padded(n, key_tile)} * dim * 2),
        packed_sample_(std::size_t{padded(sample_rows(n), key_tile)} * dim * 2),
        packed_queries_(std::size_t{chunk} * dim * 2),
        all_counts_(rows_),
        counts_(chunk),
        thresholds_(chunk),
        found_(std::size_t{chunk} * hopper_parts),
        survivors_(std::size_t{chunk} * capacity_),
        maxima_(std::size_t{chunk} * maxima_stride_),
        lists_(2 * chunk + 2),
        ids_(std::size_t{chunk} * k),
        scores_(std::size_t{chunk} * k),
        host_counts_(rows_) {
    fill(queries_.get(), rows_ * dim, 1);
    fill(keys_.get(), std::size_t{n} * dim, 2);
  }

  const std::uint16_t* queries() const { return queries_.get(); }
  const std::uint16_t* keys() const { return keys_.get(); }

  void set_visible(bool causal) {
    const std::size_t heads = rows_ / n_;
    for (std::size_t i = 0; i < rows_; ++i) {
      host_counts_[i] = n_ - (causal ? static_cast<std::uint32_t>(i / heads) : 0);
    }
    cudaMemcpy(all_counts_.get(), host_counts_.data(), rows_ * 4, cudaMemcpyHostToDevice);
    begins_ = chunk_begins(rows_, chunk, capacity_, [&](std::size_t row) { return host_counts_[row]; });
  }

  // Seconds by stage, and of all.
  std::vector<double> run() {
    marks_.clear();
    mark(stages);
    pack_rows(keys_.get(), n_, 1, key_tile, packed_keys_.get(), padded(n_, key_tile));
    mark(packing);
    for (std::size_t i = 0; i + 1 < begins_.size(); ++i) run_chunk(begins_[i], begins_[i + 1]);
    check(cudaDeviceSynchronize(), "kernels");
    std::vector<double> seconds(stages + 1, 0);
    for (std::size_t i = 1; i < marks_.size(); ++i) {
      float ms = 0;
      cudaEventElapsedTime(&ms, events_[i - 1], events_[i]);
      seconds[marks_[i]] += ms / 1e3;
      seconds[stages] += ms / 1e3;
    }
    return seconds;
  }

  double survivors_of_last_chunk() const {
    const std::size_t rows = begins_.back() - begins_[begins_.size() - 2];
    std::vector<std::uint32_t> found(rows * hopper_parts);
    cudaMemcpy(found.data(), found_.get(), found.size() * 4, cudaMemcpyDeviceToHost);
    return std::accumulate(found.begin(), found.end(), 0.0) / static_cast<double>(rows);
  }
  std::uint32_t redone_in_last_chunk() const {
    std::uint32_t count = 0;
    cudaMemcpy(&count, lists_.get(), 4, cudaMemcpyDeviceToHost);
    return count;
  }

 private:
  static std::uint32_t padded(std::size_t rows, std::uint32_t step) {
    return static_cast<std::uint32_t>((rows + step - 1) / step * step);
  }
  static std::uint32_t sample_rows(std::uint32_t n) {
    return std::min(n, std::max(wanted_sample, n / most_stride + 1));
  }

  void mark(Stage stage) {
    if (marks_.size() == events_.size()) cudaEventCreate(&events_.emplace_back());
    cudaEventRecord(events_[marks_.size()]);
    marks_.push_back(stage);
  }

  static void pack_rows(const std::uint16_t* from, std::uint32_t count, std::uint32_t step, std::uint32_t tile_rows,
                        std::uint8_t* to, std::uint32_t rows) {
    PackWork work;
    work.source = from;
    work.row_stride = dim;
    work.step = step;
    work.count = count;
    work.padded = rows;
    work.cols = dim;
    work.blocks = blocks;
    work.tile_rows = tile_rows;
    work.bf16 = true;
    work.packed = to;
    pack(work, nullptr);
  }

  void run_chunk(std::size_t first, std::size_t end) {
    const auto count = static_cast<std::uint32_t>(end - first);
    const std::uint32_t most = host_counts_[first];
    ScoreWork work;
    work.rows = padded(count, row_padding);
    cudaMemsetAsync(counts_.get(), 0, std::size_t{work.rows} * 4);
    cudaMemcpyAsync(counts_.get(), all_counts_.get() + first, std::size_t{count} * 4, cudaMemcpyDeviceToDevice);
    pack_rows(queries_.get() + first * dim, count, 1, query_tile, packed_queries_.get(), work.rows);
    work.stride = sample_stride(most);
    const std::uint32_t sampled = (most + work.stride - 1) / work.stride;
    pack_rows(keys_.get(), sampled, work.stride, key_tile, packed_sample_.get(), padded(sampled, key_tile));
    mark(packing);
    work.queries = packed_queries_.get();
    work.keys = packed_sample_.get();
    work.counts = counts_.get();
    work.blocks = blocks;
    work.bf16 = true;
    work.maxima = maxima_.get();
    work.maxima_keys = keys_per_maximum(k_, work.stride);
    work.maxima_stride = maxima_stride_;
    if (!keeps_all(most, capacity_)) score_hopper(work, nullptr);
    mark(sampling);
    choose_thresholds(work, k_, capacity_, thresholds_.get(), nullptr);
    mark(thresholding);
    FinishWork last;
    last.scored = work;
    last.scored.keys = packed_keys_.get();
    last.scored.stride = 1;
    last.scored.maxima = nullptr;
    last.scored.thresholds = thresholds_.get();
    last.scored.survivors = survivors_.get();
    last.scored.found = found_.get();
    last.scored.capacity = capacity_;
    score_hopper(last.scored, nullptr);
    mark(scoring);
    last.count = count;
    last.k = k_;
    last.lists = lists_.get();
    last.ids = ids_.get();
    last.scores = scores_.get();
    finish(last, nullptr);
    mark(finishing);
  }

  std::uint32_t n_;
  std::uint32_t k_;
  std::size_t rows_;
  std::uint32_t capacity_;
  std::uint32_t maxima_stride_;
  Buffer<std::uint16_t> queries_;
  Buffer<std::uint16_t> keys_;
  Buffer<std::uint8_t> packed_keys_;
  Buffer<std::uint8_t> packed_sample_;
  Buffer<std::uint8_t> packed_queries_;
  Buffer<std::uint32_t> all_counts_;
  Buffer<std::uint32_t> counts_;
  Buffer<float> thresholds_;
  Buffer<std::uint32_t> found_;
  Buffer<uint2> survivors_;
  Buffer<float> maxima_;
  Buffer<std::uint32_t> lists_;
  Buffer<std::uint32_t> ids_;
  Buffer<float> scores_;
  std::vector<std::uint32_t> host_counts_;
  std::vector<std::size_t> begins_;
  std::vector<cudaEvent_t> events_;
  std::vector<Stage> marks_;  // what ended at each event
};

// The run of median length; the first one warms up.
std::vector<double> median_run(Chain& chain, int repeats) {
  std::vector<std::vector<double>> runs;
  for (int i = 0; i <= repeats; ++i) {
    std::vector<double> seconds = chain.run();
    if (i > 0) runs.push_back(std::move(seconds));
  }
  std::sort(runs.begin(), runs.end(), [](const auto& a, const auto& b) { return a.back() < b.back(); });
  return runs[runs.size() / 2];
}

void run(std::uint32_t n, std::uint32_t k, std::uint32_t heads, int repeats) {
  Timer timer;
  Chain chain(n, k, heads);
  chain.set_visible(true);
  const double causal_s = median_run(chain, repeats).back();
  chain.set_visible(false);
  const std::vector<double> stage = median_run(chain, repeats);
  const double survivors = chain.survivors_of_last_chunk();
  const std::uint32_t redone = chain.redone_in_last_chunk();

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
      gemm_seconds(timer, repeats, part, static_cast<int>(n), dim, chain.queries(), chain.keys(), out.get(), handle);
  cublasDestroy(handle);

  const double rate = 2.0 * heads * n * n * dim / stage[Chain::stages] / 1e12;
  const double square_rate = 2.0 * square * square * square / square_s / 1e12;
  const double ms = 1e3 / heads;
  std::printf(
      "n %u k %u heads %u: %.3f ms a head, causal %.3f (pack %.3f sample %.3f thresholds %.3f score %.3f finish %.3f), "
      "%.1f TFLOP/s, %.1f %% of square GEMM (%.1f), same-shape GEMM writing bf16 scores %.1f TFLOP/s, "
      "%.1f survivors a row, %u redone in last chunk\n",
      n, k, heads, ms * stage[Chain::stages], ms * causal_s, ms * stage[Chain::packing], ms * stage[Chain::sampling],
      ms * stage[Chain::thresholding], ms * stage[Chain::scoring], ms * stage[Chain::finishing], rate,
      100 * rate / square_rate, square_rate, 2.0 * part * n * dim / same_s / 1e12, survivors, redone);
}

}  // namespace
}  // namespace rattan::cuda

int main(int argc, char** argv) {
  const auto number = [&](int i, long standard) { return argc > i ? std::atol(argv[i]) : standard; };
  rattan::cuda::run(static_cast<std::uint32_t>(number(1, 131072)), static_cast<std::uint32_t>(number(2, 100)),
                    static_cast<std::uint32_t>(number(3, 4)), static_cast<int>(number(4, 5)));
}
