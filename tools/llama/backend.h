// The backend of one llama_context: computes the nodes that the device takes over.
#pragma once

#include <ggml-backend-impl.h>

namespace rattan::llama {

// Null where ggml has no CPU device, or a setting is wrong (which is logged).
ggml_backend_t make_backend(ggml_backend_dev_t device);

void set_backend_threads(ggml_backend_t backend, int threads);

}  // namespace rattan::llama
