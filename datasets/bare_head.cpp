#include "datasets/bare_head.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/check.h"

namespace rattan::datasets {
namespace {

template <typename... Parts>
void check(bool good, const std::string& name, const Parts&... parts) {
  if (!good) fail(ErrorCode::corrupt, name, ": ", parts...);
}

void check_queries(const BareHead& head, const std::vector<SharedMatrix>& queries) {
  for (const SharedMatrix& matrix : queries) {
    const MatrixView& view = matrix.view;
    check(view.rows > 0, head.queries_name, "has no rows");
    check(view.cols == head.keys.view.cols, head.queries_name, "has ", view.cols, " columns, the keys have ",
          head.keys.view.cols);
    check(view.rows == queries.front().view.rows, head.queries_name, "has ", view.rows, " rows, the first head has ",
          queries.front().view.rows);
    check(view.dtype == queries.front().view.dtype, head.queries_name, "is ", to_string(view.dtype),
          ", the first head is ", to_string(queries.front().view.dtype));
  }
}

void check_shapes(const BareHead& head) {
  const MatrixView& keys = head.keys.view;
  const MatrixView& values = head.values.view;
  check(keys.rows > 0 && keys.rows < no_key, head.keys_name, "has ", keys.rows, " rows, allowed is 1 to ", no_key - 1);
  check_queries(head, head.queries);
  check_queries(head, head.training);
  check(values.rows == 0 || values.rows == keys.rows, head.values_name, "is ", values.rows, " by ", values.cols,
        ", the keys are ", keys.rows, " by ", keys.cols);
}

std::vector<SharedMatrix> rows_of(const std::vector<SharedMatrix>& heads, std::size_t begin, std::size_t count) {
  std::vector<SharedMatrix> parts;
  parts.reserve(heads.size());
  for (const SharedMatrix& head : heads) parts.emplace_back(head.view.slice(begin, count), head.owner);
  return parts;
}

std::vector<std::int64_t> count_up(std::size_t begin, std::size_t count) {
  std::vector<std::int64_t> positions(count);
  std::iota(positions.begin(), positions.end(), static_cast<std::int64_t>(begin));
  return positions;
}

struct Border {
  std::size_t prefill;  // keys
  std::size_t decode;   // rows
  bool aligned;         // row i of queries and keys is position i
};

Border border_of(const BareHead& head, const QuerySplit& split) {
  const std::size_t keys = head.keys.view.rows;
  const std::size_t rows = head.queries.front().view.rows;
  if (split.prefill > keys) {
    fail(ErrorCode::invalid_argument, head.keys_name, ": prefill is ", split.prefill, ", allowed is 1 to the ", keys,
         " keys");
  }
  const std::size_t share = std::clamp<std::size_t>(rows / split.decode_divisor, 1, split.max_decode);
  if (!head.training.empty()) return {split.prefill == 0 ? keys : split.prefill, rows, false};
  if (split.prefill == 0) return {rows == keys ? keys - share : keys, share, rows == keys};
  const std::size_t behind = keys - split.prefill;
  if (behind > rows) {
    fail(ErrorCode::invalid_argument, head.queries_name, ": prefill is ", split.prefill, ", so the last ", behind,
         " query rows are decode rows; the file has ", rows);
  }
  return {split.prefill, behind == 0 ? share : behind, rows == keys && behind != 0};
}

}  // namespace

std::vector<SharedMatrix> split_heads(const SharedMatrix& rows, std::size_t heads, const std::string& name) {
  check(rows.view.rows % heads == 0, name, "has ", rows.view.rows, " rows, no multiple of the ", heads,
        " query heads of a KV head");
  std::vector<SharedMatrix> split;
  for (std::size_t head = 0; head < heads && head < rows.view.rows; ++head) {
    split.emplace_back(rows.view.slice(head, rows.view.rows - head).every(heads), rows.owner);
  }
  return split;
}

KvGroup make_group(const BareHead& head, const QuerySplit& split) {
  split.validate();
  check(!head.queries.empty(), head.queries_name, "has no rows");
  check_shapes(head);
  const std::size_t keys = head.keys.view.rows;
  const std::size_t rows = head.queries.front().view.rows;
  const Border border = border_of(head, split);
  const std::size_t earlier = rows - border.decode;

  KvGroup group;
  group.keys = head.keys;
  group.values = head.values;
  group.prefill = border.prefill;
  group.softmax_scale = 1.0 / std::sqrt(static_cast<double>(head.keys.view.cols));
  group.prefill_queries = head.training.empty() ? rows_of(head.queries, 0, earlier) : head.training;
  group.decode_queries = rows_of(head.queries, earlier, border.decode);
  const std::size_t prefill_rows = group.prefill_queries.front().view.rows;
  const auto last = static_cast<std::int64_t>(std::max<std::size_t>(border.prefill, 1)) - 1;
  group.prefill_positions = border.aligned ? count_up(0, prefill_rows) : std::vector<std::int64_t>(prefill_rows, last);
  group.decode_positions = border.aligned || keys - border.prefill == border.decode
                               ? count_up(border.prefill, border.decode)
                               : std::vector<std::int64_t>(border.decode, static_cast<std::int64_t>(keys) - 1);
  return group;
}

void check_neighbors(const IntegerRows& neighbors, std::size_t keys, std::size_t queries, const std::string& name) {
  check(neighbors.rows == queries, name, "has neighbours of ", neighbors.rows, " queries, there are ", queries);
  for (const std::int32_t id : neighbors.values) {
    check(id >= -1 && id < static_cast<std::int64_t>(keys), name, "names the neighbour ", id, ", allowed is -1 to ",
          keys - 1);
  }
}

void QuerySplit::validate() const {
  check_range<std::size_t>("max_decode", max_decode, 1, no_key);
  check_range<std::size_t>("decode_divisor", decode_divisor, 1, no_key);
  check_range<std::size_t>("prefill", prefill, 0, no_key);
  check_range<std::size_t>("group", group, 0, max_query_heads);
}

}  // namespace rattan::datasets
