#include "scan/code_ranges.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <mutex>

#include "core/parallel.h"
#include "simd/kernels.h"

namespace rattan {
namespace {

constexpr std::size_t block_keys = 4096;
constexpr float infinity = std::numeric_limits<float>::infinity();

void widen(ChannelRange& range, const ChannelRange& by) {
  range.lowest = std::min(range.lowest, by.lowest);
  range.highest = std::max(range.highest, by.highest);
}

}  // namespace

std::vector<ChannelRange> channel_ranges(const MatrixView& keys, Executor& executor) {
  const simd::ToFloat to_float = simd::kernels().widen(keys.dtype);
  std::vector<ChannelRange> ranges(keys.cols, {infinity, -infinity});
  std::mutex merging;
  parallel_blocks(executor, keys.rows, block_keys, [&](std::size_t begin, std::size_t end, unsigned) {
    std::vector<ChannelRange> found(keys.cols, {infinity, -infinity});
    std::vector<float> row(keys.cols);
    for (std::size_t i = begin; i < end; ++i) {
      to_float(keys.row(i), keys.cols, row.data());
      for (std::size_t c = 0; c < keys.cols; ++c) widen(found[c], {row[c], row[c]});
    }
    const std::lock_guard lock(merging);
    for (std::size_t c = 0; c < keys.cols; ++c) widen(ranges[c], found[c]);
  });
  return ranges;
}

}  // namespace rattan
