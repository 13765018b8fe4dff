#include "cpu_delegate.h"

#include <algorithm>

namespace rattan::llama {
namespace {

constexpr std::size_t graph_nodes = 16;
constexpr std::size_t graph_tensors = 32;

// Rows [first, first + count) of stream `stream` along dimension `dim`, in place.
void take_rows(ggml_tensor* tensor, int dim, std::size_t stream, std::size_t first, std::size_t count) {
  const std::size_t streams = static_cast<std::size_t>(tensor->ne[3]);
  tensor->data =
      static_cast<std::byte*>(tensor->data) + std::min(stream, streams - 1) * tensor->nb[3] + first * tensor->nb[dim];
  tensor->ne[dim] = static_cast<std::int64_t>(count);
  tensor->ne[3] = 1;
}

}  // namespace

CpuDelegate::CpuDelegate()
    : memory_(graph_tensors * ggml_tensor_overhead() + ggml_graph_overhead_custom(graph_nodes, false)) {
  ggml_backend_dev_t device = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
  if (device == nullptr) return;
  backend_ = ggml_backend_dev_init(device, nullptr);
  set_threads_ = reinterpret_cast<ggml_backend_set_n_threads_t>(
      ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(device), "ggml_backend_set_n_threads"));
  context_ = ggml_init({memory_.size(), memory_.data(), true});
}

CpuDelegate::~CpuDelegate() {
  if (context_ != nullptr) ggml_free(context_);
  if (backend_ != nullptr) ggml_backend_free(backend_);
}

void CpuDelegate::set_threads(int threads) {
  if (set_threads_ != nullptr) set_threads_(backend_, threads);
}

ggml_status CpuDelegate::compute(ggml_cgraph* graph) { return ggml_backend_graph_compute(backend_, graph); }

ggml_tensor* CpuDelegate::copied(const ggml_tensor* tensor) {
  ggml_tensor* copy = ggml_new_tensor(context_, tensor->type, GGML_MAX_DIMS, tensor->ne);
  *copy = *tensor;
  return copy;
}

// A source as a leaf: what it is computed from is not computed again.
ggml_tensor* CpuDelegate::source(const ggml_tensor* tensor) {
  ggml_tensor* leaf = copied(tensor);
  leaf->op = GGML_OP_NONE;
  leaf->view_src = nullptr;
  std::fill(std::begin(leaf->src), std::end(leaf->src), nullptr);
  return leaf;
}

ggml_status CpuDelegate::compute_copy(ggml_tensor* node) {
  ggml_cgraph* graph = ggml_new_graph_custom(context_, graph_nodes, false);
  ggml_build_forward_expand(graph, node);
  return compute(graph);
}

ggml_status CpuDelegate::compute(const ggml_tensor* node) {
  ggml_reset(context_);
  ggml_tensor* copy = copied(node);
  copy->view_src = nullptr;
  for (ggml_tensor*& from : copy->src) {
    if (from != nullptr) from = source(from);
  }
  return compute_copy(copy);
}

ggml_status CpuDelegate::attend(const ggml_tensor* node, const RowRange& rows) {
  const auto stream_rows = static_cast<std::size_t>(node->src[0]->ne[1]);
  const std::size_t streams = static_cast<std::size_t>(node->src[0]->ne[3]);
  if (rows.count == stream_rows * streams) return compute(node);
  const std::size_t stream = rows.first / stream_rows;
  const std::size_t first = rows.first % stream_rows;
  ggml_reset(context_);
  ggml_tensor* copy = copied(node);
  copy->view_src = nullptr;
  for (ggml_tensor*& from : copy->src) {
    if (from != nullptr) from = source(from);
  }
  // Queries and mask have rows as dimension 1, outputs as dimension 2; keys and values go as a stream.
  take_rows(copy->src[0], 1, stream, first, rows.count);
  take_rows(copy->src[1], 1, stream, 0, static_cast<std::size_t>(copy->src[1]->ne[1]));
  take_rows(copy->src[2], 1, stream, 0, static_cast<std::size_t>(copy->src[2]->ne[1]));
  take_rows(copy->src[3], 1, stream, first, rows.count);
  take_rows(copy, 2, stream, first, rows.count);
  return compute_copy(copy);
}

}  // namespace rattan::llama
