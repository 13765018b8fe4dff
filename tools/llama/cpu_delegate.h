// ggml's own CPU backend, for what contexts do not answer.
#pragma once

#include <cstddef>
#include <vector>

#include <ggml-backend.h>
#include <ggml.h>
#include "attention.h"

namespace rattan::llama {

class CpuDelegate {
 public:
  CpuDelegate();
  ~CpuDelegate();
  CpuDelegate(const CpuDelegate&) = delete;
  CpuDelegate& operator=(const CpuDelegate&) = delete;

  // There is a CPU device.
  bool usable() const noexcept { return backend_ != nullptr; }
  void set_threads(int threads);

  ggml_status compute(ggml_cgraph* graph);
  // One node alone, whose sources are there already.
  ggml_status compute(const ggml_tensor* node);
  // Rows of an attention node alone.
  ggml_status attend(const ggml_tensor* node, const RowRange& rows);

 private:
  ggml_tensor* copied(const ggml_tensor* tensor);
  ggml_tensor* source(const ggml_tensor* tensor);
  ggml_status compute_copy(ggml_tensor* node);

  ggml_backend_t backend_ = nullptr;
  ggml_backend_set_n_threads_t set_threads_ = nullptr;
  std::vector<std::byte> memory_;  // of the graph in hand
  ggml_context* context_ = nullptr;
};

}  // namespace rattan::llama
