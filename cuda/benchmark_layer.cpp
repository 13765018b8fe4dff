// Links of a whole layer: rattan-layer-links-cuda [n] [k] [KV heads] [group] [layers of the model].
// One find() per KV head, with the queries of its group as rows; random bf16 data, d = 128; by the clock, with
// everything that reaches the caller: tables in host memory, and giving them back.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include <chrono>
#include <memory>
#include <utility>

#include "benchmark.h"
#include "rattan/exact_topk.h"

namespace rattan::cuda {
namespace {

constexpr std::uint32_t dim = 128;

struct Head {
  std::unique_ptr<Buffer<std::uint16_t>> queries;
  std::unique_ptr<Buffer<std::uint16_t>> keys;
};

template <typename Call>
double seconds(const Call& call) {
  const auto start = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

class Layer {
 public:
  Layer(std::uint32_t n, std::uint32_t k, std::uint32_t heads, std::uint32_t group)
      : n_(n), k_(k), rows_(std::size_t{n} * group), exact_(make_exact_topk_cuda()) {
    for (std::uint32_t head = 0; head < heads; ++head) {
      Head filled{std::make_unique<Buffer<std::uint16_t>>(rows_ * dim),
                  std::make_unique<Buffer<std::uint16_t>>(std::size_t{n} * dim)};
      fill(filled.queries->get(), rows_ * dim, 2 * head + 1);
      fill(filled.keys->get(), std::size_t{n} * dim, 2 * head + 2);
      heads_.push_back(std::move(filled));
    }
    for (std::size_t i = 0; i < rows_; ++i) positions_.push_back(static_cast<std::int64_t>(i % n));
  }

  void find(std::size_t head, bool causal, NeighborTable& table) const {
    Visibility visible;
    if (causal) visible.positions = positions_;
    exact_->find_into(table, MatrixView(heads_[head].queries->get(), DType::bf16, rows_, dim),
                      MatrixView(heads_[head].keys->get(), DType::bf16, n_, dim), k_, Metric::inner_product, visible);
    if (table.count(rows_ - 1) != k_) std::abort();
  }

  // `callers` threads take turns: one prepares and gives memory back while the device works for another.
  double all(bool causal, unsigned callers, bool again) const {
    return seconds([&] {
      std::vector<std::thread> threads;
      for (unsigned caller = 0; caller < callers; ++caller) {
        threads.emplace_back([&, caller] {
          NeighborTable used;
          for (std::size_t head = caller; head < heads_.size(); head += callers) {
            NeighborTable fresh;
            find(head, causal, again ? used : fresh);
          }
        });
      }
      for (std::thread& thread : threads) thread.join();
    });
  }

  // The same inputs in the host's memory.
  double from_host(bool causal) const {
    std::vector<std::uint16_t> queries(rows_ * dim);
    std::vector<std::uint16_t> keys(std::size_t{n_} * dim);
    cudaMemcpy(queries.data(), heads_[0].queries->get(), queries.size() * 2, cudaMemcpyDeviceToHost);
    cudaMemcpy(keys.data(), heads_[0].keys->get(), keys.size() * 2, cudaMemcpyDeviceToHost);
    Visibility visible;
    if (causal) visible.positions = positions_;
    return seconds([&] {
      (void)exact_->find(MatrixView(queries.data(), DType::bf16, rows_, dim),
                         MatrixView(keys.data(), DType::bf16, n_, dim), k_, Metric::inner_product, visible);
    });
  }

 private:
  std::uint32_t n_;
  std::uint32_t k_;
  std::size_t rows_;
  std::unique_ptr<ExactTopK> exact_;
  std::vector<Head> heads_;
  std::vector<std::int64_t> positions_;
};

void run(std::uint32_t n, std::uint32_t k, std::uint32_t heads, std::uint32_t group, std::uint32_t layers) {
  const Layer layer(n, k, heads, group);
  (void)layer.all(false, 1, false);  // memory and code arrive
  for (const bool causal : {false, true}) {
    for (const auto& [callers, again] : {std::pair{1U, false}, {1U, true}, {2U, true}}) {
      std::vector<double> times(3);
      for (double& seconds_of : times) seconds_of = layer.all(causal, callers, again);
      const double time = median(times);
      std::printf(
          "n %u k %u, %u KV heads x %u, %s, %u caller(s), %s tables: %.1f ms a layer, %.3f ms a head, %u layers %.2f "
          "s\n",
          n, k, heads, group, causal ? "causal" : "all visible", callers, again ? "used" : "fresh", 1e3 * time,
          1e3 * time / heads / group, layers, layers * time);
    }
    std::printf("  from pageable host memory, one KV head: %.3f ms a head\n", 1e3 * layer.from_host(causal) / group);
  }
}

}  // namespace
}  // namespace rattan::cuda

int main(int argc, char** argv) {
  const auto number = [&](int i, long standard) {
    return static_cast<std::uint32_t>(argc > i ? std::atol(argv[i]) : standard);
  };
  rattan::cuda::run(number(1, 131072), number(2, 100), number(3, 8), number(4, 4), number(5, 32));
}
