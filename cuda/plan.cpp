#include "plan.h"

#include <algorithm>

#include "core/check.h"
#include "sample_rank.h"

namespace rattan::cuda {
namespace {

constexpr std::uint32_t block_rows_hopper = 192;

}  // namespace

Plan::Plan(std::size_t memory_limit, std::uint32_t multiprocessors, const MatrixView& queries, std::uint32_t k_,
           const VisibleRows& visible)
    : k(k_),
      keys(visible.counts[visible.order.front()]),
      blocks(round_up(queries.cols, block_cols) / block_cols),
      capacity(survivor_capacity(k_, sample_stride(keys))),
      packed_row(blocks * std::size_t{block_row_bytes}),
      raw_row(queries.cols * sizeof(std::uint16_t)) {
  const std::uint32_t most_sample = std::max(wanted_sample, keys / most_stride + 1);
  sample_rows = round_up(std::min(keys, most_sample), key_tile);
  maxima_stride = sample_rows / fewest_keys_per_maximum;
  const std::size_t fixed =
      keys * raw_row + (std::size_t{round_up(keys, key_tile)} + sample_rows) * packed_row + (std::size_t{1} << 20);
  const std::size_t per_row = packed_row + capacity * sizeof(uint2) + maxima_stride * sizeof(float) +
                              (ampere_parts + 3) * sizeof(std::uint32_t) +
                              chunk_slots * (raw_row + k * std::size_t{8} + 2 * sizeof(std::uint32_t));
  const std::size_t least = fixed + row_padding * per_row;
  if (memory_limit < least) {
    fail(ErrorCode::no_memory, "CudaOptions::memory_limit is ", memory_limit, " bytes, this search needs ", least);
  }
  // Two blocks for every multiprocessor: enough work per launch, and the last launch is not a large part of all.
  const std::size_t wanted = 2 * std::size_t{multiprocessors} * block_rows_hopper;
  const std::size_t fitting = (memory_limit - fixed) / per_row / row_padding * row_padding;
  chunk = static_cast<std::uint32_t>(
      std::min<std::size_t>({fitting, round_up(wanted, row_padding), round_up(queries.rows, row_padding)}));
}

}  // namespace rattan::cuda
