#include "search.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/check.h"
#include "core/parallel.h"
#include "sample_rank.h"

namespace rattan::cuda {
namespace {

constexpr std::uint32_t block_rows_hopper = 192;

std::uint32_t round_up(std::size_t value, std::uint32_t step) {
  return static_cast<std::uint32_t>((value + step - 1) / step * step);
}

float float_of(unsigned int bits) {
  float value = 0;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

void check_findings(const Findings& found, const MatrixView& matrix, const char* name, std::size_t first_row) {
  if (found.first_bad == ~0ULL) return;
  fail(ErrorCode::invalid_argument, name, ": row ", first_row + found.first_bad / matrix.cols, ", column ",
       found.first_bad % matrix.cols, " is NaN or infinite, allowed are finite values");
}

// Sizes that do not change from chunk to chunk.
struct Plan {
  Plan(const SearchContext& context, const MatrixView& queries, std::uint32_t k_, const VisibleRows& visible)
      : k(k_),
        keys(visible.counts[visible.order.front()]),
        blocks(round_up(queries.cols, block_cols) / block_cols),
        capacity(survivor_capacity(k_, sample_stride(keys))),
        packed_row(blocks * std::size_t{block_row_bytes}),
        raw_row(queries.cols * sizeof(std::uint16_t)) {
    const std::uint32_t most_sample = std::max(2 * wanted_sample, keys / 32 + 1);
    sample_rows = round_up(std::min(keys, most_sample), key_tile);
    maxima_stride = sample_rows / keys_per_maximum(k);
    const std::size_t fixed =
        keys * raw_row + (std::size_t{round_up(keys, key_tile)} + sample_rows) * packed_row + (std::size_t{1} << 20);
    const std::size_t per_row = raw_row + packed_row + capacity * sizeof(uint2) + maxima_stride * sizeof(float) +
                                k * std::size_t{8} + (ampere_parts + 6) * sizeof(std::uint32_t);
    const std::size_t least = fixed + row_padding * per_row;
    if (context.memory_limit < least) {
      fail(ErrorCode::no_memory, "CudaOptions::memory_limit is ", context.memory_limit, " bytes, this search needs ",
           least);
    }
    // Two blocks for every multiprocessor: enough work per launch, and the last launch is not a large part of all.
    const std::size_t wanted = 2 * std::size_t{context.multiprocessors} * block_rows_hopper;
    const std::size_t fitting = (context.memory_limit - fixed) / per_row / row_padding * row_padding;
    chunk = static_cast<std::uint32_t>(
        std::min<std::size_t>({fitting, round_up(wanted, row_padding), round_up(queries.rows, row_padding)}));
  }

  std::uint32_t k;
  std::uint32_t keys;
  std::uint32_t blocks;
  std::uint32_t capacity;
  std::size_t packed_row;
  std::size_t raw_row;
  std::uint32_t sample_rows = 0;
  std::uint32_t maxima_stride = 0;
  std::uint32_t chunk = 0;
};

class Search {
 public:
  Search(const SearchContext& context, MatrixView queries, MatrixView keys, std::uint32_t k, const VisibleRows& visible)
      : context_(context),
        queries_(queries),
        keys_(keys),
        visible_(visible),
        plan_(context, queries, k, visible),
        device_queries_(on_device(queries.data)),
        raw_keys_(context.pool, plan_.keys * plan_.raw_row, context.stream),
        packed_keys_(context.pool, round_up(plan_.keys, key_tile) * plan_.packed_row, context.stream),
        packed_sample_(context.pool, plan_.sample_rows * plan_.packed_row, context.stream),
        raw_queries_(context.pool, device_queries_ ? 0 : plan_.chunk * plan_.raw_row, context.stream),
        packed_queries_(context.pool, plan_.chunk * plan_.packed_row, context.stream),
        counts_(context.pool, 2 * std::size_t{plan_.chunk}, context.stream),
        thresholds_(context.pool, plan_.chunk, context.stream),
        found_(context.pool, std::size_t{ampere_parts} * plan_.chunk, context.stream),
        survivors_(context.pool, std::size_t{plan_.chunk} * plan_.capacity, context.stream),
        maxima_(context.pool, std::size_t{plan_.chunk} * plan_.maxima_stride, context.stream),
        lists_(context.pool, 2 * std::size_t{plan_.chunk} + 2, context.stream),
        results_(context.pool, result_bytes(plan_.chunk), context.stream) {
    for (HostSlot& slot : context.slots) {
      if (!device_queries_) slot.queries.reserve(plan_.chunk * plan_.raw_row);
      slot.counts.reserve(2 * std::size_t{plan_.chunk} * sizeof(std::uint32_t));
      slot.results.reserve(result_bytes(plan_.chunk));
    }
  }
  // Whatever happens, nothing in flight uses host memory that goes away.
  ~Search() { cudaStreamSynchronize(context_.stream); }

  bool run(NeighborTable& table);

 private:
  // Findings, then ids, then scores.
  static constexpr std::size_t findings_bytes = 64;
  std::size_t result_bytes(std::size_t rows) const { return findings_bytes + rows * plan_.k * std::size_t{8}; }
  Findings* findings() const { return reinterpret_cast<Findings*>(results_.get()); }

  void reset_findings() const {
    check(cudaMemsetAsync(results_.get(), 0, findings_bytes, context_.stream), "memset");
    check(cudaMemsetAsync(&findings()->first_bad, 0xff, sizeof(findings()->first_bad), context_.stream), "memset");
  }
  Findings load_keys() const;
  void gather(HostSlot& slot, std::size_t first, std::uint32_t count) const;
  void enqueue(HostSlot& slot, std::size_t first, std::uint32_t count) const;
  void score(const ScoreWork& work) const {
    context_.hopper ? score_hopper(work, context_.stream) : score_ampere(work, context_.stream);
  }
  bool collect(HostSlot& slot, std::size_t first, std::uint32_t count, NeighborTable& table) const;

  const SearchContext& context_;
  MatrixView queries_;
  MatrixView keys_;
  const VisibleRows& visible_;
  Plan plan_;
  bool device_queries_;
  float key_square_ = 0;
  DeviceArray<std::uint8_t> raw_keys_;
  DeviceArray<std::uint8_t> packed_keys_;
  DeviceArray<std::uint8_t> packed_sample_;
  DeviceArray<std::uint8_t> raw_queries_;
  DeviceArray<std::uint8_t> packed_queries_;
  DeviceArray<std::uint32_t> counts_;  // visible keys, then source rows
  DeviceArray<float> thresholds_;
  DeviceArray<std::uint32_t> found_;
  DeviceArray<uint2> survivors_;
  DeviceArray<float> maxima_;
  DeviceArray<std::uint32_t> lists_;
  DeviceArray<std::uint8_t> results_;
};

Findings Search::load_keys() const {
  const MatrixView keys = keys_.slice(visible_.begin, plan_.keys);
  check(cudaMemcpy2DAsync(raw_keys_.get(), plan_.raw_row, keys.data, keys.row_stride * sizeof(std::uint16_t),
                          plan_.raw_row, keys.rows, cudaMemcpyDefault, context_.stream),
        "copy of the keys");
  reset_findings();
  PackWork work;
  work.source = reinterpret_cast<const std::uint16_t*>(raw_keys_.get());
  work.row_stride = keys.cols;
  work.count = plan_.keys;
  work.padded = round_up(plan_.keys, key_tile);
  work.cols = static_cast<std::uint32_t>(keys.cols);
  work.blocks = plan_.blocks;
  work.tile_rows = key_tile;
  work.bf16 = keys.dtype == DType::bf16;
  work.packed = packed_keys_.get();
  work.findings = findings();
  pack(work, context_.stream);
  Findings found = {};
  check(cudaMemcpyAsync(&found, findings(), sizeof(found), cudaMemcpyDeviceToHost, context_.stream), "copy");
  check(cudaStreamSynchronize(context_.stream), "packing the keys");
  check_findings(found, keys, "keys", visible_.begin);
  return found;
}

// Rows of the chunk in the order of what they see, from host memory.
void Search::gather(HostSlot& slot, std::size_t first, std::uint32_t count) const {
  constexpr std::size_t block = 1024;
  auto* rows = slot.queries.as<std::uint8_t>();
  parallel_blocks(context_.executor, count, block, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t i = begin; i < end; ++i) {
      std::memcpy(rows + i * plan_.raw_row, queries_.row(visible_.order[first + i]), plan_.raw_row);
    }
  });
}

void Search::enqueue(HostSlot& slot, std::size_t first, std::uint32_t count) const {
  const cudaStream_t stream = context_.stream;
  const std::uint32_t padded = round_up(count, row_padding);
  auto* counts = slot.counts.as<std::uint32_t>();
  for (std::uint32_t i = 0; i < padded; ++i) {
    const std::size_t row = i < count ? visible_.order[first + i] : 0;
    counts[i] = i < count ? visible_.counts[row] : 0;
    counts[plan_.chunk + i] = static_cast<std::uint32_t>(row);
  }
  check(cudaMemcpyAsync(counts_.get(), counts, 2 * std::size_t{plan_.chunk} * sizeof(std::uint32_t),
                        cudaMemcpyHostToDevice, stream),
        "copy");
  reset_findings();

  PackWork packing;
  packing.count = count;
  packing.padded = padded;
  packing.cols = static_cast<std::uint32_t>(queries_.cols);
  packing.blocks = plan_.blocks;
  packing.tile_rows = query_tile;
  packing.bf16 = queries_.dtype == DType::bf16;
  packing.packed = packed_queries_.get();
  packing.findings = findings();
  if (device_queries_) {
    packing.source = static_cast<const std::uint16_t*>(queries_.data);
    packing.row_stride = queries_.row_stride;
    packing.order = counts_.get() + plan_.chunk;
  } else {
    gather(slot, first, count);
    check(cudaMemcpyAsync(raw_queries_.get(), slot.queries.as<void>(), count * plan_.raw_row, cudaMemcpyHostToDevice,
                          stream),
          "copy of the queries");
    packing.source = reinterpret_cast<const std::uint16_t*>(raw_queries_.get());
    packing.row_stride = queries_.cols;
  }
  pack(packing, stream);

  const std::uint32_t most = counts[0];
  ScoreWork sample;
  sample.queries = packed_queries_.get();
  sample.keys = packed_sample_.get();
  sample.counts = counts_.get();
  sample.stride = sample_stride(most);
  sample.rows = padded;
  sample.blocks = plan_.blocks;
  sample.bf16 = packing.bf16;
  sample.maxima = maxima_.get();
  sample.maxima_keys = keys_per_maximum(plan_.k);
  sample.maxima_stride = plan_.maxima_stride;
  PackWork sampling = packing;
  sampling.source = reinterpret_cast<const std::uint16_t*>(raw_keys_.get());
  sampling.row_stride = keys_.cols;
  sampling.order = nullptr;
  sampling.step = sample.stride;
  sampling.count = (most + sample.stride - 1) / sample.stride;
  sampling.padded = round_up(sampling.count, key_tile);
  sampling.tile_rows = key_tile;
  sampling.packed = packed_sample_.get();
  sampling.findings = nullptr;
  if (!keeps_all(most, plan_.capacity)) {
    pack(sampling, stream);
    score(sample);
  }
  choose_thresholds(sample, plan_.k, plan_.capacity, thresholds_.get(), stream);

  FinishWork finishing;
  finishing.scored = sample;
  finishing.scored.keys = packed_keys_.get();
  finishing.scored.stride = 1;
  finishing.scored.maxima = nullptr;
  finishing.scored.thresholds = thresholds_.get();
  finishing.scored.survivors = survivors_.get();
  finishing.scored.found = found_.get();
  finishing.scored.capacity = plan_.capacity;
  finishing.scored.parts = context_.hopper ? hopper_parts : ampere_parts;
  score(finishing.scored);
  finishing.count = count;
  finishing.k = plan_.k;
  finishing.first_id = visible_.begin;
  finishing.lists = lists_.get();
  finishing.ids = reinterpret_cast<std::uint32_t*>(results_.get() + findings_bytes);
  finishing.scores = reinterpret_cast<float*>(finishing.ids + std::size_t{count} * plan_.k);
  finish(finishing, stream);
  check(cudaGetLastError(), "launch");
  check(cudaMemcpyAsync(slot.results.as<void>(), results_.get(), result_bytes(count), cudaMemcpyDeviceToHost, stream),
        "copy of the results");
  check(cudaEventRecord(slot.copied.get(), stream), "event");
}

bool Search::collect(HostSlot& slot, std::size_t first, std::uint32_t count, NeighborTable& table) const {
  check(cudaEventSynchronize(slot.copied.get()), "search");
  const auto* found = slot.results.as<Findings>();
  if (device_queries_) check_findings(*found, queries_, "queries", 0);
  const double product = std::sqrt(static_cast<double>(key_square_)) * std::sqrt(double{float_of(found->max_square)});
  if (!(product < std::numeric_limits<float>::max() / 4)) return false;
  const auto* ids = reinterpret_cast<const KeyId*>(slot.results.as<std::uint8_t>() + findings_bytes);
  const auto* scores = reinterpret_cast<const float*>(ids + std::size_t{count} * plan_.k);
  constexpr std::size_t block = 1024;
  parallel_blocks(context_.executor, count, block, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::size_t i = begin; i < end; ++i) {
      const std::size_t row = visible_.order[first + i];
      std::copy_n(ids + i * plan_.k, plan_.k, table.ids(row).begin());
      std::copy_n(scores + i * plan_.k, plan_.k, table.scores(row).begin());
    }
  });
  return true;
}

bool Search::run(NeighborTable& table) {
  key_square_ = float_of(load_keys().max_square);
  const std::size_t rows = queries_.rows;
  const auto size = [&](std::size_t first) {
    return static_cast<std::uint32_t>(std::min<std::size_t>(plan_.chunk, rows - first));
  };
  std::size_t in_flight = rows;
  unsigned turn = 0;
  for (std::size_t first = 0; first < rows; first += plan_.chunk, turn ^= 1U) {
    enqueue(context_.slots[turn], first, size(first));
    if (in_flight != rows && !collect(context_.slots[turn ^ 1U], in_flight, size(in_flight), table)) return false;
    in_flight = first;
  }
  return collect(context_.slots[turn ^ 1U], in_flight, size(in_flight), table);
}

}  // namespace

bool search(const SearchContext& context, MatrixView queries, MatrixView keys, std::uint32_t k,
            const VisibleRows& visible, NeighborTable& table) {
  return Search(context, queries, keys, k, visible).run(table);
}

}  // namespace rattan::cuda
