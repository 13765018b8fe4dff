#include "evaluate/exact_softmax.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "core/check.h"
#include "core/parallel.h"
#include "evaluate/double_tile.h"

namespace rattan {
namespace {

constexpr std::size_t row_block = 32;
constexpr std::size_t key_tile = 128;

void check_setting(MatrixView queries, MatrixView keys, MatrixView values, std::span<const std::int64_t> positions,
                   IdRange indexed, double scale) {
  const auto invalid = ErrorCode::invalid_argument;
  if (queries.cols != keys.cols) fail(invalid, "queries have dim ", queries.cols, ", keys have dim ", keys.cols);
  if (values.rows != 0 && values.rows != keys.rows) {
    fail(invalid, "values have ", values.rows, " rows, keys have ", keys.rows, "; allowed is the same or 0");
  }
  if (positions.size() != queries.rows) {
    fail(invalid, "positions has ", positions.size(), " entries, queries have ", queries.rows, " rows");
  }
  for (const std::int64_t position : positions) {
    if (position < 0 || static_cast<std::uint64_t>(position) >= keys.rows) {
      fail(invalid, "position is ", position, ", allowed is 0 to ", keys.rows, " - 1");
    }
  }
  if (indexed.begin > indexed.end || indexed.begin > keys.rows) {
    fail(invalid, "indexed is [", indexed.begin, ", ", indexed.end, "), allowed is a range within ", keys.rows,
         " keys");
  }
  if (!std::isfinite(scale)) fail(invalid, "scale is ", scale, ", allowed is a finite number");
}

// The attention of a few consecutive rows, over tiles of keys; one of these per task.
class BlockAttention {
 public:
  BlockAttention(const ExactSoftmax& state, std::size_t first_row, std::size_t rows)
      : state_(state),
        first_row_(first_row),
        rows_(rows),
        keys_(state.keys),
        values_(state.values),
        queries_(rows * state.queries.cols),
        key_columns_(state.keys.cols * key_tile),
        logits_(rows * key_tile),
        value_rows_(key_tile * value_dim()),
        outputs_(rows * value_dim()) {
    WideningReader(state.queries).rows(first_row, rows, queries_.data());
    for (std::size_t i = 0; i < rows; ++i) limit_ = std::max(limit_, visible(i));
  }

  void attend(std::size_t begin, std::size_t end, std::vector<SoftmaxPart>& parts) {
    end = std::min(end, limit_);
    for (std::size_t key = begin; key < end; key += key_tile) attend_tile(key, std::min(key_tile, end - key), parts);
  }

 private:
  std::size_t value_dim() const { return state_.values.rows == 0 ? 0 : state_.values.cols; }
  std::size_t visible(std::size_t i) const { return static_cast<std::size_t>(state_.positions[first_row_ + i]) + 1; }

  void attend_tile(std::size_t begin, std::size_t count, std::vector<SoftmaxPart>& parts) {
    keys_.columns(begin, count, key_columns_.data(), key_tile);
    std::fill(logits_.begin(), logits_.end(), 0.0);
    multiply_add(queries_.data(), rows_, state_.queries.cols, key_columns_.data(), key_tile, logits_.data());
    for (std::size_t i = 0; i < rows_; ++i) {
      const std::size_t seen = visible(i) > begin ? std::min(count, visible(i) - begin) : 0;
      logits_to_weights(first_row_ + i, seen, logits_.data() + i * key_tile, parts[first_row_ + i]);
    }
    if (value_dim() == 0) return;

    std::fill(value_rows_.begin(), value_rows_.end(), 0.0);
    values_.rows(begin, count, value_rows_.data());
    std::fill(outputs_.begin(), outputs_.end(), 0.0);
    multiply_add(logits_.data(), rows_, key_tile, value_rows_.data(), value_dim(), outputs_.data());
    for (std::size_t i = 0; i < rows_; ++i) {
      std::vector<double>& output = parts[first_row_ + i].output;
      for (std::size_t c = 0; c < output.size(); ++c) output[c] += outputs_[i * value_dim() + c];
    }
  }

  // The first `seen` logits become weights relative to the part's new maximum, the rest of the tile zeros.
  void logits_to_weights(std::size_t row, std::size_t seen, double* logits, SoftmaxPart& part) const {
    double total = 0;
    for (std::size_t j = 0; j < seen; ++j) {
      logits[j] *= state_.scale;
      total += logits[j];
    }
    if (!std::isfinite(total)) {
      fail(ErrorCode::invalid_argument, "queries row ", row, " or the keys hold NaN or infinity");
    }
    if (seen > 0) part.raise_max(*std::max_element(logits, logits + seen));
    for (std::size_t j = 0; j < seen; ++j) {
      logits[j] = std::exp(logits[j] - part.max);
      part.sum += logits[j];
    }
    std::fill(logits + seen, logits + key_tile, 0.0);
  }

  const ExactSoftmax& state_;
  std::size_t first_row_;
  std::size_t rows_;
  std::size_t limit_ = 0;
  WideningReader keys_;
  WideningReader values_;
  std::vector<double> queries_;
  std::vector<double> key_columns_;
  std::vector<double> logits_;
  std::vector<double> value_rows_;
  std::vector<double> outputs_;
};

}  // namespace

ExactSoftmax exact_softmax(MatrixView queries, MatrixView keys, MatrixView values,
                           std::span<const std::int64_t> positions, IdRange indexed, double scale, Executor& executor) {
  check_setting(queries, keys, values, positions, indexed, scale);
  indexed.end = static_cast<KeyId>(std::min<std::size_t>(indexed.end, keys.rows));
  const std::vector<SoftmaxPart> empty(queries.rows, SoftmaxPart(values.rows == 0 ? 0 : values.cols));
  ExactSoftmax exact{queries, keys, values, {positions.begin(), positions.end()}, indexed, scale, empty, empty};
  parallel_blocks(executor, queries.rows, row_block, [&](auto begin, auto end, unsigned) {
    BlockAttention block(exact, begin, end - begin);
    block.attend(0, indexed.begin, exact.window_parts);
    block.attend(indexed.begin, indexed.end, exact.indexed_parts);
    block.attend(indexed.end, keys.rows, exact.window_parts);
  });
  return exact;
}

}  // namespace rattan
