#include <array>
#include <charconv>
#include <limits>
#include <system_error>
#include <vector>

#include "core/check.h"
#include "datasets/qkv_dump.h"
#include "datasets/safetensors.h"

namespace rattan::datasets {
namespace {

namespace fs = std::filesystem;

void check(bool good, std::string_view what) {
  if (!good) fail(ErrorCode::invalid_argument, "write_dump: ", what);
}

bool same_form(const MatrixView& a, const MatrixView& b) {
  return a.rows == b.rows && a.cols == b.cols && a.dtype == b.dtype;
}

void check_queries(const std::vector<SharedMatrix>& heads, const MatrixView& first, std::size_t rows) {
  for (const SharedMatrix& head : heads) {
    check(head.view.rows == rows, "query heads need one row per position");
    check(head.view.cols == first.cols && head.view.dtype == first.dtype, "query heads differ in dim or dtype");
  }
}

void check_group(const KvGroup& group, const KvGroup& first) {
  const MatrixView& keys = group.keys.view;
  check(same_form(keys, first.keys.view), "keys differ in rows, dim or dtype");
  check(same_form(group.values.view, first.values.view), "values differ in rows, dim or dtype");
  check(group.values.view.rows == 0 || (group.values.view.rows == keys.rows && group.values.view.cols > 0),
        "values need the rows of the keys, or none");
  check(group.heads() == first.heads() && group.prefill_queries.size() == group.heads(),
        "groups differ in their number of query heads");
  check(group.prefill == first.prefill && group.softmax_scale == first.softmax_scale,
        "groups differ in prefill or softmax scale");
  check(group.prefill_positions == first.prefill_positions && group.decode_positions == first.decode_positions,
        "groups differ in positions");
  const MatrixView& query = first.decode_queries.front().view;
  check(query.cols == keys.cols, "queries and keys differ in dim");
  check_queries(group.prefill_queries, query, group.prefill_positions.size());
  check_queries(group.decode_queries, query, group.decode_positions.size());
}

std::vector<std::int32_t> positions_of(const KvGroup& group) {
  std::vector<std::int32_t> positions;
  const auto add = [&](const std::vector<std::int64_t>& part, std::size_t low, std::size_t high) {
    for (const std::int64_t position : part) {
      check(position >= static_cast<std::int64_t>(low) && position < static_cast<std::int64_t>(high) &&
                (positions.empty() || position > positions.back()),
            "positions must ascend, prefill ones below prefill, decode ones from prefill to the last key");
      positions.push_back(static_cast<std::int32_t>(position));
    }
  };
  add(group.prefill_positions, 0, group.prefill);
  add(group.decode_positions, group.prefill, group.keys.view.rows);
  return positions;
}

void append(std::vector<std::span<const std::byte>>& pieces, const MatrixView& matrix) {
  const auto* const data = static_cast<const std::byte*>(matrix.data);
  if (matrix.row_stride == matrix.cols) {
    pieces.emplace_back(data, matrix.rows * matrix.row_bytes());
    return;
  }
  for (std::size_t row = 0; row < matrix.rows; ++row) {
    pieces.emplace_back(static_cast<const std::byte*>(matrix.row(row)), matrix.row_bytes());
  }
}

TensorSource tensor(std::string name, const MatrixView& form, std::size_t heads, std::size_t rows) {
  return {std::move(name), to_tensor_type(form.dtype), {heads, rows, form.cols}, {}};
}

std::string shortest(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

Metadata metadata_of(int layer, const KvGroup& first, std::size_t groups) {
  return {{"layer", std::to_string(layer)},
          {"prefill", std::to_string(first.prefill)},
          {"softmax_scale", shortest(first.softmax_scale)},
          {"rope", "post"},
          {"heads", std::to_string(groups * first.heads())},
          {"kv_heads", std::to_string(groups)},
          {"head_dim", std::to_string(first.dim())},
          {"source", first.source}};
}

}  // namespace

fs::path write_dump(const fs::path& folder, int layer, std::span<const KvGroup> groups) {
  check_range("layer", layer, 0, 999'999);
  check(!groups.empty(), "there is no group");
  const KvGroup& first = groups.front();
  check(first.heads() > 0 && first.keys.view.rows > 0 && first.dim() > 0, "the first group is empty");
  check(first.keys.view.rows <= std::numeric_limits<std::int32_t>::max(), "positions do not fit 32 bits");
  check(first.prefill <= first.keys.view.rows, "prefill is more than the keys");
  for (const KvGroup& group : groups) check_group(group, first);
  const std::vector<std::int32_t> positions = positions_of(first);
  check(!positions.empty(), "there are no queries");

  TensorSource q = tensor("q", first.decode_queries.front().view, groups.size() * first.heads(), positions.size());
  TensorSource k = tensor("k", first.keys.view, groups.size(), first.keys.view.rows);
  TensorSource v = tensor("v", first.values.view, groups.size(), first.values.view.rows);
  for (const KvGroup& group : groups) {
    append(k.pieces, group.keys.view);
    append(v.pieces, group.values.view);
    for (std::size_t head = 0; head < group.heads(); ++head) {
      append(q.pieces, group.prefill_queries[head].view);
      append(q.pieces, group.decode_queries[head].view);
    }
  }
  std::vector<TensorSource> tensors{std::move(q), std::move(k)};
  if (first.values.view.rows > 0) tensors.push_back(std::move(v));
  tensors.push_back({"q_pos", TensorType::i32, {positions.size()}, {std::as_bytes(std::span(positions))}});

  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail(ErrorCode::io, folder.string(), ": cannot make the folder: ", error.message());
  const std::string number = std::to_string(layer);
  fs::path path = folder / ("layer_" + std::string(number.size() < 2 ? "0" : "") + number + ".safetensors");
  write_safetensors(path, tensors, metadata_of(layer, first, groups.size()));
  return path;
}

}  // namespace rattan::datasets
