#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>

#include "attention/running_softmax.h"
#include "core/aligned.h"
#include "core/check.h"
#include "core/half.h"

namespace rattan {
namespace {

void check_shapes(MatrixView queries, MatrixView keys, MatrixView values, std::size_t end) {
  check_range<std::size_t>("rows of queries", queries.rows, 1, no_key);
  if (queries.cols != keys.cols) {
    fail(ErrorCode::invalid_argument, "queries have dim ", queries.cols, ", keys have dim ", keys.cols);
  }
  if (values.rows < end) {
    fail(ErrorCode::invalid_argument, "values have ", values.rows, " rows, the range ends at key ", end);
  }
}

// The queries in the form the kernel wants, from the start of a cache line: bf16 where `bf16`, else fp32.
const void* prepare(MatrixView queries, bool bf16, const simd::Kernels& kernels, AttentionScratch& scratch) {
  const std::size_t count = queries.rows * queries.cols;
  std::size_t space = count * sizeof(float) + cache_line;
  if (scratch.queries.size() < space) scratch.queries.resize(space);
  void* memory = scratch.queries.data();
  auto* floats = static_cast<float*>(std::align(cache_line, count * sizeof(float), memory, space));
  const auto to_float = kernels.widen(queries.dtype);
  for (std::size_t i = 0; i < queries.rows; ++i) to_float(queries.row(i), queries.cols, floats + i * queries.cols);
  if (!bf16) return floats;
  // In place: element i is read before its half is written, at or before it.
  auto* bytes = reinterpret_cast<std::byte*>(floats);
  for (std::size_t i = 0; i < count; ++i) {
    float value = 0;
    std::memcpy(&value, bytes + i * sizeof value, sizeof value);
    const std::uint16_t half = to_bf16(value);
    std::memcpy(bytes + i * sizeof half, &half, sizeof half);
  }
  return bytes;
}

}  // namespace

void attend_range(MatrixView queries, MatrixView keys, MatrixView values, IdRange range, double scale,
                  std::span<AttentionPart> parts, AttentionScratch& scratch) {
  const std::size_t end = std::min<std::size_t>(range.end, keys.rows);
  check_scale(scale);
  check_shapes(queries, keys, values, end);
  check_parts(parts, queries.rows, values.cols);

  const simd::Kernels& kernels = simd::kernels();
  const void* prepared = prepare(queries, kernels.takes_bf16(Metric::inner_product, keys.dtype), kernels, scratch);
  const simd::ScoreRows score = kernels.score(Metric::inner_product, keys.dtype);
  RunningSoftmax softmax(queries.rows, values.cols, values.dtype, scale, scratch);
  scratch.logits.resize(std::max(scratch.logits.size(), queries.rows * softmax_block));
  scratch.rows.resize(std::max(scratch.rows.size(), softmax_block));
  for (std::size_t begin = range.begin; begin < end; begin += softmax_block) {
    const std::size_t count = std::min(softmax_block, end - begin);
    for (std::size_t i = 0; i < count; ++i) scratch.rows[i] = keys.row(begin + i);
    score(prepared, queries.rows, scratch.rows.data(), count, keys.cols, scratch.logits.data(), softmax_block);
    for (std::size_t i = 0; i < count; ++i) scratch.rows[i] = values.row(begin + i);
    softmax.add(scratch.logits.data(), softmax_block, {scratch.rows.data(), count});
  }
  softmax.finish(parts);
}

}  // namespace rattan
