#include "attention/range_part.h"

#include <algorithm>

#include "attention/running_softmax.h"
#include "attention/scratch.h"
#include "core/aligned.h"
#include "core/check.h"

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

}  // namespace

void attend_ranges(MatrixView queries, const SplitRows& keys, const SplitRows& values, std::size_t begin,
                   std::span<const std::size_t> ends, const Logits& logits, std::span<AttentionPart> parts,
                   AttentionScratch& scratch) {
  const simd::Kernels& kernels = simd::kernels();
  PreparedQueries& prepared = scratch->queries;
  prepared.prepare(queries, kernels);
  const simd::ScoreRows score = kernels.score(Metric::inner_product, keys.dtype());
  RunningSoftmax softmax(queries.rows, values.cols(), values.dtype(), logits.scale, scratch);
  grow(scratch->logits, queries.rows * softmax_block);
  grow(scratch->rows, softmax_block);
  float* const scores = scratch->logits.data();
  const void** const pointers = scratch->rows.data();
  scratch->counts.resize(queries.rows);
  std::size_t first = 0;  // row that sees a key of the block, as all behind it do
  for (; begin < ends.back(); begin += softmax_block) {
    while (ends[first] <= begin) ++first;
    const auto counts = std::span(scratch->counts).first(queries.rows - first);
    const std::size_t count = std::min(softmax_block, ends.back() - begin);
    keys.write_addresses(begin, count, pointers);
    score(prepared.row(first), counts.size(), pointers, count, keys.cols(), scores, softmax_block);
    for (std::size_t i = 0; i < counts.size(); ++i) {
      counts[i] = std::min(count, ends[first + i] - begin);
      logits.cap_scores({scores + i * softmax_block, counts[i]});
    }
    values.write_addresses(begin, count, pointers);
    softmax.add(scores, softmax_block, {pointers, count}, first, counts);
  }
  softmax.finish(parts);
}

void attend_range(MatrixView queries, MatrixView keys, MatrixView values, IdRange range, double scale,
                  std::span<AttentionPart> parts, AttentionScratch& scratch) {
  const std::size_t end = std::min<std::size_t>(range.end, keys.rows);
  check_scale(scale);
  check_shapes(queries, keys, values, end);
  check_parts(parts, queries.rows, values.cols);
  scratch->ends.assign(queries.rows, std::max<std::size_t>(range.begin, end));
  attend_ranges(queries, keys, values, range.begin, scratch->ends, scale, parts, scratch);
  if (range.begin >= end) return;
  for (std::size_t row = 0; row < parts.size(); ++row) check_lse(row, parts[row].lse);  // -infinity of every score
}

}  // namespace rattan
