#include <algorithm>

#include "attention/running_softmax.h"
#include "attention/scratch.h"
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

void attend_range(MatrixView queries, MatrixView keys, MatrixView values, IdRange range, double scale,
                  std::span<AttentionPart> parts, AttentionScratch& scratch) {
  const std::size_t end = std::min<std::size_t>(range.end, keys.rows);
  check_scale(scale);
  check_shapes(queries, keys, values, end);
  check_parts(parts, queries.rows, values.cols);

  const simd::Kernels& kernels = simd::kernels();
  PreparedQueries& prepared = scratch->queries;
  prepared.prepare(queries, kernels);
  const simd::ScoreRows score = kernels.score(Metric::inner_product, keys.dtype);
  RunningSoftmax softmax(queries.rows, values.cols, values.dtype, scale, scratch);
  scratch->logits.resize(std::max(scratch->logits.size(), queries.rows * softmax_block));
  scratch->rows.resize(std::max(scratch->rows.size(), softmax_block));
  for (std::size_t begin = range.begin; begin < end; begin += softmax_block) {
    const std::size_t count = std::min(softmax_block, end - begin);
    for (std::size_t i = 0; i < count; ++i) scratch->rows[i] = keys.row(begin + i);
    score(prepared.data(), queries.rows, scratch->rows.data(), count, keys.cols, scratch->logits.data(), softmax_block);
    for (std::size_t i = 0; i < count; ++i) scratch->rows[i] = values.row(begin + i);
    softmax.add(scratch->logits.data(), softmax_block, {scratch->rows.data(), count});
  }
  softmax.finish(parts);
  if (range.begin >= end) return;
  for (std::size_t row = 0; row < parts.size(); ++row) check_lse(row, parts[row].lse);  // -infinity of every score
}

}  // namespace rattan
