#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <span>
#include <string>

#include "core/check.h"
#include "datasets/qkv_readers.h"

namespace rattan::datasets {
namespace {

template <typename... Parts>
[[noreturn]] void corrupt(const LayerTensors& file, const Parts&... parts) {
  fail(ErrorCode::corrupt, file.name, ": ", parts...);
}

const std::string* find(const Metadata& metadata, const char* key) {
  const auto found = metadata.find(key);
  return found == metadata.end() ? nullptr : &found->second;
}

template <typename T>
T parse(const LayerTensors& file, const char* key, const std::string& text) {
  T value{};
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (error != std::errc() || end != last) corrupt(file, "metadata ", key, " is \"", text, "\", expected a number");
  return value;
}

struct Shape {
  std::uint64_t heads;
  std::uint64_t rows;
  std::uint64_t dim;
};

// Every dimension is at least 1, so each is bounded by the size of the file.
Shape shape_of(const LayerTensors& file, const LayerTensor& part) {
  part.file->dtype(*part.tensor);
  const auto& shape = part.tensor->shape;
  if (shape.size() != 3 || std::count(shape.begin(), shape.end(), 0U) > 0) {
    corrupt(file, "tensor \"", part.tensor->name, "\" needs three dimensions (heads, rows, dim), each at least 1");
  }
  return {shape[0], shape[1], shape[2]};
}

void check_metadata(const LayerTensors& file, const char* key, std::uint64_t actual) {
  const std::string* const text = find(file.metadata, key);
  if (text != nullptr && parse<std::uint64_t>(file, key, *text) != actual) {
    corrupt(file, "metadata ", key, " is ", *text, ", the tensors have ", actual);
  }
}

void check_values(const LayerTensors& file, const Shape& k) {
  if (!file.v) return;
  const Shape v = shape_of(file, *file.v);
  if (v.heads != k.heads || v.rows != k.rows) {
    corrupt(file, "tensor \"v\" has another shape than tensor \"k\": only the last dimension may differ");
  }
}

void check_shapes(const LayerTensors& file, const Shape& q, const Shape& k) {
  if (q.dim != k.dim) corrupt(file, "tensor \"q\" has dim ", q.dim, ", tensor \"k\" has ", k.dim);
  if (q.heads % k.heads != 0) {
    corrupt(file, "tensor \"q\" has ", q.heads, " heads, no multiple of the ", k.heads, " of tensor \"k\"");
  }
  if (q.heads > max_query_heads)
    corrupt(file, "tensor \"q\" has ", q.heads, " heads, allowed is up to ", max_query_heads);
  if (k.rows >= no_key) corrupt(file, "tensor \"k\" has ", k.rows, " rows, allowed is up to ", no_key - 1);
  check_values(file, k);
  check_metadata(file, "heads", q.heads);
  check_metadata(file, "kv_heads", k.heads);
  check_metadata(file, "head_dim", k.dim);
  const std::string* const rope = find(file.metadata, "rope");
  if (rope != nullptr && *rope != "post") {
    fail(ErrorCode::unsupported, file.name, ": metadata rope is \"", *rope, "\", read is \"post\"");
  }
}

std::vector<std::int64_t> positions_of(const LayerTensors& file, const Shape& q, const Shape& k) {
  std::vector<std::int64_t> positions;
  if (!file.q_pos) {
    if (q.rows > k.rows) corrupt(file, "tensor \"q\" has ", q.rows, " rows, tensor \"k\" only ", k.rows);
    positions.resize(static_cast<std::size_t>(q.rows));
    std::iota(positions.begin(), positions.end(), 0);
    return positions;
  }
  if (file.q_pos->tensor->shape != std::vector{q.rows})
    corrupt(file, "tensor \"q_pos\" needs the shape [", q.rows, "]");
  positions = file.q_pos->file->integers(*file.q_pos->tensor);
  if (std::adjacent_find(positions.begin(), positions.end(), std::greater_equal<>()) != positions.end()) {
    corrupt(file, "tensor \"q_pos\" is not ascending");
  }
  if (positions.front() < 0 || static_cast<std::uint64_t>(positions.back()) >= k.rows) {
    corrupt(file, "tensor \"q_pos\" runs from ", positions.front(), " to ", positions.back(), ", tensor \"k\" has ",
            k.rows, " rows");
  }
  return positions;
}

int layer_of(const LayerTensors& file) {
  const std::optional<int> named = file.named_layer;
  const std::string* const text = find(file.metadata, "layer");
  if (text == nullptr && !named) corrupt(file, "neither its name nor its metadata says which layer it holds");
  if (text == nullptr) return *named;
  const std::optional<int> layer = parse_number(*text);
  if (!layer) corrupt(file, "metadata layer is \"", *text, "\", expected a number up to 999999");
  if (named && *named != *layer) corrupt(file, "metadata layer is ", *layer, ", the name says ", *named);
  return *layer;
}

std::size_t prefill_of(const LayerTensors& file, const Shape& k, const QuerySplit& split) {
  const std::string* const text = find(file.metadata, "prefill");
  if (text == nullptr && split.prefill == 0) corrupt(file, "metadata prefill is missing, and no prefill is given");
  const auto prefill = text == nullptr ? split.prefill : parse<std::uint64_t>(file, "prefill", *text);
  if (split.prefill != 0 && split.prefill != prefill) {
    fail(ErrorCode::invalid_argument, file.name, ": metadata prefill is ", prefill, ", given is ", split.prefill);
  }
  if (prefill > k.rows) corrupt(file, "metadata prefill is ", prefill, ", tensor \"k\" has ", k.rows, " rows");
  return static_cast<std::size_t>(prefill);
}

void check_group_size(const LayerTensors& file, const Shape& q, const Shape& k, const QuerySplit& split) {
  if (split.group == 0 || split.group * k.heads == q.heads) return;
  fail(ErrorCode::invalid_argument, file.name, ": has ", q.heads / k.heads, " query heads a KV head, given are ",
       split.group);
}

double scale_of(const LayerTensors& file, const Shape& k) {
  const std::string* const text = find(file.metadata, "softmax_scale");
  if (text == nullptr) return 1.0 / std::sqrt(static_cast<double>(k.dim));
  const auto scale = parse<double>(file, "softmax_scale", *text);
  if (!std::isfinite(scale) || scale <= 0) corrupt(file, "metadata softmax_scale is ", *text, ", expected above 0");
  return scale;
}

SharedMatrix slice(const SharedMatrix& matrix, std::size_t begin, std::size_t count) {
  return {matrix.view.slice(begin, count), matrix.owner};
}

}  // namespace

std::vector<KvGroup> read_layer(const LayerTensors& file, const QuerySplit& split) {
  split.validate();
  const Shape q = shape_of(file, file.q);
  const Shape k = shape_of(file, file.k);
  check_shapes(file, q, k);
  check_group_size(file, q, k, split);

  KvGroup common;
  common.layer = layer_of(file);
  common.prefill = prefill_of(file, k, split);
  common.softmax_scale = scale_of(file, k);
  const std::string* const source = find(file.metadata, "source");
  common.source = source != nullptr && !source->empty() ? *source : file.name;
  const std::vector<std::int64_t> positions = positions_of(file, q, k);
  const auto border = std::lower_bound(positions.begin(), positions.end(), static_cast<std::int64_t>(common.prefill));
  common.prefill_positions.assign(positions.begin(), border);
  common.decode_positions.assign(border, positions.end());

  const std::size_t per_group = static_cast<std::size_t>(q.heads / k.heads);
  std::vector<KvGroup> groups(static_cast<std::size_t>(k.heads), common);
  for (std::size_t head = 0; head < groups.size(); ++head) {
    KvGroup& group = groups[head];
    group.kv_head = static_cast<int>(head);
    group.keys = file.k.file->matrix(*file.k.tensor, head);
    if (file.v) group.values = file.v->file->matrix(*file.v->tensor, head);
    for (std::size_t i = 0; i < per_group; ++i) {
      const SharedMatrix rows = file.q.file->matrix(*file.q.tensor, head * per_group + i);
      group.prefill_queries.push_back(slice(rows, 0, common.prefill_positions.size()));
      group.decode_queries.push_back(slice(rows, common.prefill_positions.size(), common.decode_positions.size()));
    }
  }
  return groups;
}

std::vector<KvGroup> read_layer(const Safetensors& file, std::optional<int> named_layer, const QuerySplit& split) {
  LayerTensors layer{file.name(), file.metadata(), named_layer, {&file, &file.at("q")}, {&file, &file.at("k")}, {}, {}};
  if (const Tensor* const v = file.find("v")) layer.v = {&file, v};
  if (const Tensor* const positions = file.find("q_pos")) layer.q_pos = {&file, positions};
  return read_layer(layer, split);
}

}  // namespace rattan::datasets
