#include "search.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

#include "chunks.h"
#include "core/check.h"
#include "host_rows.h"
#include "sample_rank.h"

namespace rattan::cuda {
namespace {

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

class Search {
 public:
  Search(const SearchContext& context, MatrixView queries, MatrixView keys, std::uint32_t k, const VisibleRows& visible)
      : context_(context),
        queries_(queries),
        keys_(keys),
        visible_(visible),
        plan_(context.memory_limit, context.multiprocessors, queries, k, visible),
        device_queries_(on_device(queries.data)),
        raw_keys_(context.pool, plan_.keys * plan_.raw_row, context.stream),
        packed_keys_(context.pool, round_up(plan_.keys, key_tile) * plan_.packed_row, context.stream),
        packed_sample_(context.pool, plan_.sample_rows * plan_.packed_row, context.stream),
        packed_queries_(context.pool, plan_.chunk * plan_.packed_row, context.stream),
        thresholds_(context.pool, plan_.chunk, context.stream),
        found_(context.pool, std::size_t{ampere_parts} * plan_.chunk, context.stream),
        survivors_(context.pool, std::size_t{plan_.chunk} * plan_.capacity, context.stream),
        maxima_(context.pool, std::size_t{plan_.chunk} * plan_.maxima_stride, context.stream),
        lists_(context.pool, 2 * std::size_t{plan_.chunk} + 2, context.stream),
        chunks_{chunk_memory(), chunk_memory(), chunk_memory()} {
    static_assert(chunk_slots == 3, "one for each");
    for (HostSlot& slot : context.slots) {
      if (!device_queries_) slot.queries.reserve(plan_.chunk * plan_.raw_row);
      slot.counts.reserve(2 * std::size_t{plan_.chunk} * sizeof(std::uint32_t));
      slot.results.reserve(result_bytes(plan_.chunk));
    }
  }
  // Whatever happens, nothing in flight uses host memory that goes away.
  ~Search() {
    for (cudaStream_t stream : {context_.upload, context_.stream, context_.download}) cudaStreamSynchronize(stream);
  }

  bool run(Target target);

 private:
  static constexpr std::size_t findings_bytes = 64;  // before the ids, which begin a cache line
  struct ChunkMemory {
    DeviceArray<std::uint8_t> queries;  // as they came, from host memory
    DeviceArray<std::uint32_t> counts;  // visible keys, then source rows
    DeviceArray<std::uint8_t> results;  // findings, then ids, then scores

    Findings* findings() const { return reinterpret_cast<Findings*>(results.get()); }
  };
  ChunkMemory chunk_memory() const {
    const cudaStream_t stream = context_.stream;
    return {{context_.pool, device_queries_ ? 0 : plan_.chunk * plan_.raw_row, stream},
            {context_.pool, 2 * std::size_t{plan_.chunk}, stream},
            {context_.pool, result_bytes(plan_.chunk), stream}};
  }
  std::size_t result_bytes(std::size_t rows) const { return findings_bytes + rows * plan_.k * std::size_t{8}; }

  void reset(Findings* findings) const {
    check(cudaMemsetAsync(findings, 0, findings_bytes, context_.stream), "memset");
    check(cudaMemsetAsync(&findings->first_bad, 0xff, sizeof(findings->first_bad), context_.stream), "memset");
  }
  Findings load_keys() const;
  PackWork upload(HostSlot& slot, const ChunkMemory& memory, std::size_t first, std::uint32_t count) const;
  void enqueue(HostSlot& slot, const ChunkMemory& memory, std::size_t first, std::uint32_t count) const;
  void score(const ScoreWork& work) const {
    context_.hopper ? score_hopper(work, context_.stream) : score_ampere(work, context_.stream);
  }
  std::span<const std::size_t> order(std::size_t first, std::size_t count) const {
    return std::span(visible_.order).subspan(first, count);
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
  DeviceArray<std::uint8_t> packed_queries_;
  DeviceArray<float> thresholds_;
  DeviceArray<std::uint32_t> found_;
  DeviceArray<uint2> survivors_;
  DeviceArray<float> maxima_;
  DeviceArray<std::uint32_t> lists_;
  ChunkMemory chunks_[chunk_slots];
};

Findings Search::load_keys() const {
  const MatrixView keys = keys_.slice(visible_.begin, plan_.keys);
  check(cudaMemcpy2DAsync(raw_keys_.get(), plan_.raw_row, keys.data, keys.row_stride * sizeof(std::uint16_t),
                          plan_.raw_row, keys.rows, cudaMemcpyDefault, context_.stream),
        "copy of the keys");
  Findings* findings = chunks_[0].findings();
  reset(findings);
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
  work.findings = findings;
  pack(work, context_.stream);
  Findings found = {};
  check(cudaMemcpyAsync(&found, findings, sizeof(found), cudaMemcpyDeviceToHost, context_.stream), "copy");
  check(cudaStreamSynchronize(context_.stream), "packing the keys");
  check_findings(found, keys, "keys", visible_.begin);
  return found;
}

// Brings to the device what the chunk needs from the host; the stream waits for it. Returns how to pack the queries.
PackWork Search::upload(HostSlot& slot, const ChunkMemory& memory, std::size_t first, std::uint32_t count) const {
  PackWork packing;
  packing.count = count;
  packing.padded = round_up(count, row_padding);
  packing.cols = static_cast<std::uint32_t>(queries_.cols);
  packing.blocks = plan_.blocks;
  packing.tile_rows = query_tile;
  packing.bf16 = queries_.dtype == DType::bf16;
  packing.packed = packed_queries_.get();
  packing.findings = memory.findings();

  auto* counts = slot.counts.as<std::uint32_t>();
  for (std::uint32_t i = 0; i < packing.padded; ++i) {
    const std::size_t row = i < count ? visible_.order[first + i] : 0;
    counts[i] = i < count ? visible_.counts[row] : 0;
    counts[plan_.chunk + i] = static_cast<std::uint32_t>(row);
  }
  check(cudaMemcpyAsync(memory.counts.get(), counts, 2 * std::size_t{plan_.chunk} * sizeof(std::uint32_t),
                        cudaMemcpyHostToDevice, context_.upload),
        "copy");
  if (device_queries_) {
    packing.source = static_cast<const std::uint16_t*>(queries_.data);
    packing.row_stride = queries_.row_stride;
    packing.order = memory.counts.get() + plan_.chunk;
  } else {
    gather_rows(context_.executor, queries_, order(first, count), slot.queries.as<std::byte>());
    check(cudaMemcpyAsync(memory.queries.get(), slot.queries.as<void>(), count * plan_.raw_row, cudaMemcpyHostToDevice,
                          context_.upload),
          "copy of the queries");
    packing.source = reinterpret_cast<const std::uint16_t*>(memory.queries.get());
    packing.row_stride = queries_.cols;
  }
  check(cudaEventRecord(slot.uploaded.get(), context_.upload), "event");
  check(cudaStreamWaitEvent(context_.stream, slot.uploaded.get()), "event");
  return packing;
}

void Search::enqueue(HostSlot& slot, const ChunkMemory& memory, std::size_t first, std::uint32_t count) const {
  const cudaStream_t stream = context_.stream;
  const PackWork packing = upload(slot, memory, first, count);
  reset(memory.findings());
  pack(packing, stream);

  const std::uint32_t most = slot.counts.as<std::uint32_t>()[0];
  ScoreWork sample;
  sample.queries = packed_queries_.get();
  sample.keys = packed_sample_.get();
  sample.counts = memory.counts.get();
  sample.stride = sample_stride(most);
  sample.rows = packing.padded;
  sample.blocks = plan_.blocks;
  sample.bf16 = packing.bf16;
  sample.maxima = maxima_.get();
  sample.maxima_keys = keys_per_maximum(plan_.k, sample.stride);
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
  finishing.ids = reinterpret_cast<std::uint32_t*>(memory.results.get() + findings_bytes);
  finishing.scores = reinterpret_cast<float*>(finishing.ids + std::size_t{count} * plan_.k);
  finish(finishing, stream);
  check(cudaGetLastError(), "launch");
  check(cudaEventRecord(slot.computed.get(), stream), "event");
  check(cudaStreamWaitEvent(context_.download, slot.computed.get()), "event");
  check(cudaMemcpyAsync(slot.results.as<void>(), memory.results.get(), result_bytes(count), cudaMemcpyDeviceToHost,
                        context_.download),
        "copy of the results");
  check(cudaEventRecord(slot.copied.get(), context_.download), "event");
}

bool Search::collect(HostSlot& slot, std::size_t first, std::uint32_t count, NeighborTable& table) const {
  check(cudaEventSynchronize(slot.copied.get()), "search");
  const auto* found = slot.results.as<Findings>();
  if (device_queries_) check_findings(*found, queries_, "queries", 0);
  const double product = std::sqrt(static_cast<double>(key_square_)) * std::sqrt(double{float_of(found->max_square)});
  if (!(product < std::numeric_limits<float>::max() / 4)) return false;
  const auto* ids = reinterpret_cast<const KeyId*>(slot.results.as<std::uint8_t>() + findings_bytes);
  const auto* scores = reinterpret_cast<const float*>(ids + std::size_t{count} * plan_.k);
  scatter_rows(context_.executor, order(first, count), ids, scores, table);
  return true;
}

bool Search::run(Target target) {
  key_square_ = float_of(load_keys().max_square);
  const std::vector<std::size_t> begins =
      chunk_begins(queries_.rows, plan_.chunk, plan_.capacity,
                   [&](std::size_t row) { return visible_.counts[visible_.order[row]]; });
  const std::size_t chunks = begins.size() - 1;
  const auto size = [&](std::size_t chunk) { return static_cast<std::uint32_t>(begins[chunk + 1] - begins[chunk]); };
  std::size_t done = 0;
  for (std::size_t chunk = 0; chunk < chunks + chunk_slots; ++chunk) {
    if (chunk >= chunk_slots && done < chunks) {
      if (done == 0 && target.untouched) touch_table(context_.executor, target.table);
      if (!collect(context_.slots[done % chunk_slots], begins[done], size(done), target.table)) return false;
      ++done;
    }
    if (chunk < chunks) {
      enqueue(context_.slots[chunk % chunk_slots], chunks_[chunk % chunk_slots], begins[chunk], size(chunk));
    }
  }
  return true;
}

}  // namespace

bool search(const SearchContext& context, MatrixView queries, MatrixView keys, std::uint32_t k,
            const VisibleRows& visible, Target target) {
  return Search(context, queries, keys, k, visible).run(target);
}

}  // namespace rattan::cuda
