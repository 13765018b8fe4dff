#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <vector>

#include "core/check.h"
#include "core/parallel.h"
#include "evaluate/double_tile.h"
#include "evaluate/exact_softmax.h"
#include "rattan/evaluate.h"

namespace rattan {
namespace {

constexpr std::size_t row_block = 32;

// Distinct found keys of a row as rows of the keys matrix, ascending.
std::vector<std::size_t> found_keys(const ExactSoftmax& state, const NeighborTable& found, std::size_t row) {
  const std::size_t size = state.indexed.end - state.indexed.begin;
  std::vector<std::size_t> keys;
  for (const KeyId id : found.ids(row).first(found.count(row))) {
    if (id >= size) fail(ErrorCode::invalid_argument, "found id is ", id, " in row ", row, ", allowed is below ", size);
    const std::size_t key = state.indexed.begin + std::size_t{id};
    if (static_cast<std::int64_t>(key) > state.positions[row]) {
      fail(ErrorCode::invalid_argument, "found id is ", id, " in row ", row, ", key ", key,
           " of the matrix; allowed is ", "up to the row's position ", state.positions[row]);
    }
    keys.push_back(key);
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

SoftmaxPart attend_found(const ExactSoftmax& state, const std::vector<std::size_t>& found, std::size_t row) {
  const std::size_t dim = state.keys.cols;
  WideningReader key_reader(state.keys);
  WideningReader value_reader(state.values);
  std::vector<double> query(dim);
  std::vector<double> key(dim);
  WideningReader(state.queries).rows(row, 1, query.data());
  std::vector<double> logits(found.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    key_reader.rows(found[i], 1, key.data());
    multiply_add(query.data(), 1, dim, key.data(), 1, &logits[i]);
    logits[i] *= state.scale;
  }

  SoftmaxPart part(state.window_parts[row].output.size());
  std::vector<double> value(part.output.size());
  if (!logits.empty()) part.raise_max(*std::max_element(logits.begin(), logits.end()));
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double weight = std::exp(logits[i] - part.max);
    part.sum += weight;
    if (value.empty()) continue;
    value_reader.rows(found[i], 1, value.data());
    for (std::size_t c = 0; c < value.size(); ++c) part.output[c] += weight * value[c];
  }
  return part;
}

double mass_share(const SoftmaxPart& found, const SoftmaxPart& indexed) {
  if (indexed.sum == 0) return 1;
  if (found.sum == 0) return 0;
  return std::min(1.0, found.sum / indexed.sum * std::exp(found.max - indexed.max));
}

double relative_error(const SoftmaxPart& exact, const SoftmaxPart& approximate, std::size_t row) {
  double squared_error = 0;
  double squared_norm = 0;
  for (std::size_t c = 0; c < exact.output.size(); ++c) {
    const double o = exact.normalised(c);
    const double other = approximate.normalised(c);
    squared_error += (o - other) * (o - other);
    squared_norm += o * o;
  }
  if (!std::isfinite(squared_norm)) {
    fail(ErrorCode::invalid_argument, "values visible to row ", row, " hold NaN or infinity");
  }
  return squared_error == 0 ? 0 : std::sqrt(squared_error / squared_norm);
}

}  // namespace

struct ExactAttention::State {
  ExactSoftmax exact;
};

ExactAttention::ExactAttention(MatrixView queries, MatrixView keys, MatrixView values,
                               std::span<const std::int64_t> positions, IdRange indexed, double scale,
                               Executor* executor)
    : state_(std::make_unique<State>(
          State{exact_softmax(queries, keys, values, positions, indexed, scale, executor_or_default(executor))})) {}

ExactAttention::~ExactAttention() = default;
ExactAttention::ExactAttention(ExactAttention&&) noexcept = default;
ExactAttention& ExactAttention::operator=(ExactAttention&&) noexcept = default;

AttentionQuality ExactAttention::quality(const NeighborTable& found, Executor* executor) const {
  const std::size_t rows = state_->exact.queries.rows;
  if (found.rows() != rows) {
    fail(ErrorCode::invalid_argument, "found has ", found.rows(), " rows, queries have ", rows, "; they must agree");
  }
  AttentionQuality result;
  result.mass.resize(rows);
  if (state_->exact.values.rows != 0) result.output_error.resize(rows);
  parallel_blocks(executor_or_default(executor), rows, row_block, [&](auto begin, auto end, unsigned) {
    for (std::size_t row = begin; row < end; ++row) {
      const SoftmaxPart found_part = attend_found(state_->exact, found_keys(state_->exact, found, row), row);
      result.mass[row] = mass_share(found_part, state_->exact.indexed_parts[row]);
      if (result.output_error.empty()) continue;
      SoftmaxPart exact = state_->exact.window_parts[row];
      SoftmaxPart approximate = state_->exact.window_parts[row];
      exact.merge(state_->exact.indexed_parts[row]);
      approximate.merge(found_part);
      result.output_error[row] = relative_error(exact, approximate, row);
    }
  });
  return result;
}

AttentionQuality attention_quality(MatrixView queries, MatrixView keys, MatrixView values,
                                   std::span<const std::int64_t> positions, IdRange indexed, double scale,
                                   const NeighborTable& found, Executor* executor) {
  if (found.rows() != queries.rows) {
    fail(ErrorCode::invalid_argument, "found has ", found.rows(), " rows, queries have ", queries.rows,
         "; they must agree");
  }
  return ExactAttention(queries, keys, values, positions, indexed, scale, executor).quality(found, executor);
}

}  // namespace rattan
