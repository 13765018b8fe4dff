// Every kernel set of this CPU: scores per row in the first-level cache and in 1 GiB of rows in random order, weighted
// sums, the filter, and the tile beside OpenBLAS sgemm. Names: <kernel>/<set>/<dtype>/<queries>/<where>. Read the
// column CPU on a shared machine.
#include "simd/kernels.h"

#include <benchmark/benchmark.h>
#include <dlfcn.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "bench/micro/bench_matrices.h"
#include "core/random.h"

namespace rattan::bench {
namespace {

constexpr std::size_t dim = 128;
constexpr std::size_t most_queries = 8;
constexpr std::size_t list = 32;  // rows a call: one adjacency list
constexpr std::size_t cached_bytes = std::size_t{16} << 10;
constexpr std::size_t memory_bytes = std::size_t{1} << 30;
constexpr std::size_t pointers_count = std::size_t{1} << 19;

enum class Place { cache, memory, huge_pages };

// Halves of 0.25: finite and normal as f16, as bf16, and in pairs as f32. Each kind of page has a mapping of its own.
const unsigned char* row_memory(Place place) {
  const auto filled = [](int advice) {
    void* const mapping =
        mmap(nullptr, memory_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapping == MAP_FAILED) throw std::bad_alloc();
    madvise(mapping, memory_bytes, advice);
    auto* const halves = static_cast<std::uint16_t*>(mapping);
    std::fill(halves, halves + memory_bytes / 2, std::uint16_t{0x3400});
    return static_cast<const unsigned char*>(mapping);
  };
  if (place == Place::huge_pages) {
    static const unsigned char* const huge = filled(MADV_HUGEPAGE);
    return huge;
  }
  static const unsigned char* const plain = filled(MADV_NOHUGEPAGE);
  return plain;
}

std::vector<const void*> random_rows(DType dtype, Place place) {
  const std::size_t row_bytes = dim * dtype_size(dtype);
  const std::size_t count = (place == Place::cache ? cached_bytes : memory_bytes) / row_bytes;
  const unsigned char* const memory = row_memory(place);
  std::vector<const void*> rows(pointers_count);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = memory + random_below(1, i, count) * row_bytes;
  return rows;
}

// Time per iteration is time per row.
void score(benchmark::State& state, const simd::Kernels* set, Metric metric, DType dtype, std::size_t queries,
           Place place) {
  const std::vector<const void*> rows = random_rows(dtype, place);
  alignas(64) float query[most_queries * dim];
  for (float& value : query) value = 0.25F;
  float scores[most_queries * list];
  const simd::ScoreRows kernel = set->score(metric, dtype);
  std::size_t at = 0;
  while (state.KeepRunningBatch(list)) {
    kernel(query, queries, &rows[at], list, dim, scores, list);
    benchmark::DoNotOptimize(scores);
    at = (at + list) % rows.size();
  }
}

void weighted(benchmark::State& state, const simd::Kernels* set, DType dtype, std::size_t sets, Place place) {
  const std::vector<const void*> rows = random_rows(dtype, place);
  const std::vector<float> weights(sets * list, 0.25F);
  std::vector<float> out(sets * dim);
  const simd::AddWeightedRows kernel = set->add_weighted(dtype);
  std::size_t at = 0;
  while (state.KeepRunningBatch(list)) {
    kernel(weights.data(), sets, list, &rows[at], list, dim, out.data());
    benchmark::DoNotOptimize(out.data());
    at = (at + list) % rows.size();
  }
}

// One score in a thousand passes.
void select_above(benchmark::State& state, const simd::Kernels* set) {
  constexpr std::size_t count = 4096;
  std::vector<float> scores(count);
  for (std::size_t i = 0; i < count; ++i) scores[i] = static_cast<float>(random_uniform(2, i));
  std::vector<std::uint32_t> positions(count);
  while (state.KeepRunningBatch(count))
    benchmark::DoNotOptimize(set->select_above(scores.data(), count, 0.999F, positions.data()));
}

constexpr std::size_t tile_a = 256;
constexpr std::size_t tile_b = 4096;

void count_flops(benchmark::State& state) {
  state.counters["flops"] =
      benchmark::Counter(2.0 * tile_a * tile_b * dim, benchmark::Counter::kIsIterationInvariantRate);
}

void tile(benchmark::State& state, const simd::Kernels* set) {
  const simd::TileKernel& kernel = set->tile;
  const auto round_up = [](std::size_t rows, std::size_t panel) { return (rows + panel - 1) / panel * panel; };
  const std::size_t out_rows = round_up(tile_a, kernel.a_panel);
  const std::size_t stride = round_up(tile_b, kernel.b_panel) + 16;
  const RandomMatrix a(tile_a, dim, DType::f32, 1);
  const RandomMatrix b(tile_b, dim, DType::f32, 2);
  std::vector<float> packed_a(out_rows * dim);
  std::vector<float> packed_b(stride * dim);
  std::vector<float> out(out_rows * stride);
  kernel.pack_a(a.floats(), tile_a, dim, packed_a.data());
  kernel.pack_b(b.floats(), tile_b, dim, packed_b.data());
  for (auto _ : state) {
    kernel.multiply(packed_a.data(), tile_a, packed_b.data(), tile_b, dim, out.data(), stride);
    benchmark::DoNotOptimize(out.data());
  }
  count_flops(state);
}

// cblas_sgemm by name: the comparison needs no link to OpenBLAS. OPENBLAS_NUM_THREADS=1 makes it comparable with the
// tile, OPENBLAS_CORETYPE says which of its kernels runs.
void sgemm(benchmark::State& state) {
  using Sgemm = void (*)(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float* a,
                         int lda, const float* b, int ldb, float beta, float* c, int ldc);
  void* const library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  const auto product = library == nullptr ? nullptr : reinterpret_cast<Sgemm>(dlsym(library, "cblas_sgemm"));
  if (product == nullptr) return state.SkipWithError("libopenblas.so.0 with cblas_sgemm not found");
  constexpr int row_major = 101;
  constexpr int plain = 111;
  constexpr int transposed = 112;
  const RandomMatrix a(tile_a, dim, DType::f32, 1);
  const RandomMatrix b(tile_b, dim, DType::f32, 2);
  std::vector<float> out(tile_a * tile_b);
  for (auto _ : state) {
    product(row_major, plain, transposed, tile_a, tile_b, dim, 1.0F, a.floats(), dim, b.floats(), dim, 0.0F, out.data(),
            tile_b);
    benchmark::DoNotOptimize(out.data());
  }
  count_flops(state);
}

void register_set(const simd::Kernels* set) {
  const std::string name = set->name;
  constexpr std::pair<const char*, Place> places[] = {
      {"/cache", Place::cache}, {"/memory", Place::memory}, {"/huge_pages", Place::huge_pages}};
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    const std::string suffix = "/" + name + "/" + to_string(dtype) + "/";
    for (const std::size_t queries : {1U, 4U, 8U}) {
      for (const Metric metric : {Metric::inner_product, Metric::l2}) {
        const std::string row = std::string(to_string(metric)) + suffix + std::to_string(queries);
        for (const auto& [where, place] : places)
          benchmark::RegisterBenchmark((row + where).c_str(), score, set, metric, dtype, queries, place);
      }
    }
    for (const std::size_t sets : {1U, 4U})
      for (const auto& [where, place] : places)
        benchmark::RegisterBenchmark(("add_weighted" + suffix + std::to_string(sets) + where).c_str(), weighted, set,
                                     dtype, sets, place);
  }
  benchmark::RegisterBenchmark(("select_above/" + name).c_str(), select_above, set);
  benchmark::RegisterBenchmark(("tile/" + name).c_str(), tile, set);
}

const bool registered = [] {
  for (const simd::Kernels* set : simd::runnable_kernels()) register_set(set);
  benchmark::RegisterBenchmark("tile/openblas_sgemm", sgemm);
  return true;
}();

}  // namespace
}  // namespace rattan::bench
