#include "backend.h"

#include <cstdio>
#include <exception>
#include <utility>

#include "attention.h"
#include "cpu_delegate.h"
#include "device.h"
#include "ggml_node.h"
#include "settings.h"

namespace rattan::llama {
namespace {

constexpr std::size_t small_write = std::size_t{1} << 16U;

struct BackendState {
  explicit BackendState(const Settings& settings) : attention(settings), statistics(settings.statistics) {
    writer.set_threads(1);
  }

  Attention attention;
  CpuDelegate cpu;
  CpuDelegate writer;  // of one thread: a few rows are written sooner than a second thread wakes
  bool statistics;
};

BackendState& state_of(ggml_backend_t backend) { return *static_cast<BackendState*>(backend->context); }

const char* backend_name(ggml_backend_t) { return device_name; }

void free_backend(ggml_backend_t backend) {
  BackendState* state = &state_of(backend);
  if (state->statistics) std::fprintf(stderr, "%s\n", state->attention.statistics().c_str());
  delete state;
  delete backend;
}

void announce_write(Attention& attention, const ggml_tensor* node) {
  const int layer = key_layer(node);
  if (node->op != GGML_OP_SET_ROWS) {
    attention.rewritten(layer >= 0 ? layer : value_layer(node));
  } else if (layer >= 0) {  // values are written beside their keys, to the same cells
    attention.writes(layer, read_cells(node));
  }
}

ggml_status compute_attention(BackendState& state, const ggml_tensor* node) {
  for (const RowRange& rows : state.attention.answer(read_attention(node))) {
    const ggml_status status = state.cpu.attend(node, rows);
    if (status != GGML_STATUS_SUCCESS) return status;
  }
  return GGML_STATUS_SUCCESS;
}

ggml_status compute_node(BackendState& state, const ggml_tensor* node) {
  if ((node->flags & GGML_TENSOR_FLAG_COMPUTE) == 0 || ggml_is_empty(node)) return GGML_STATUS_SUCCESS;
  if (is_attention(node)) return compute_attention(state, node);
  if (!writes_cache(node)) return GGML_STATUS_SUCCESS;  // a view
  announce_write(state.attention, node);
  write_was_seen();
  const bool small = ggml_nbytes(node->src[0]) <= small_write;
  return (small ? state.writer : state.cpu).compute(node);
}

ggml_status compute_graph(ggml_backend_t backend, ggml_cgraph* graph) {
  BackendState& state = state_of(backend);
  for (int i = 0; i < ggml_graph_n_nodes(graph); ++i) {
    const ggml_status status = compute_node(state, ggml_graph_node(graph, i));
    if (status != GGML_STATUS_SUCCESS) return status;
  }
  return GGML_STATUS_SUCCESS;
}

ggml_guid_t backend_guid() {
  static ggml_guid guid = {0x52, 0x61, 0x74, 0x74, 0x61, 0x6e, 0x2d, 0x67,
                           0x67, 0x6d, 0x6c, 0x2d, 0x30, 0x30, 0x30, 0x31};
  return &guid;
}

}  // namespace

ggml_backend_t make_backend(ggml_backend_dev_t device) {
  try {
    auto state = std::make_unique<BackendState>(environment_settings());
    if (!state->cpu.usable()) return nullptr;
    auto backend = std::make_unique<ggml_backend>();
    backend->guid = backend_guid();
    backend->iface.get_name = backend_name;
    backend->iface.free = free_backend;
    backend->iface.graph_compute = compute_graph;
    backend->device = device;
    backend->context = state.release();
    set_backend_threads(backend.get(), GGML_DEFAULT_N_THREADS);
    return backend.release();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "rattan: %s\n", error.what());
    return nullptr;
  }
}

void set_backend_threads(ggml_backend_t backend, int threads) {
  BackendState& state = state_of(backend);
  state.cpu.set_threads(threads);
  state.attention.set_threads(static_cast<unsigned>(threads));
}

}  // namespace rattan::llama
