// Exact top-k: the object that finds links and truth.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <string>

#include "rattan/exact_topk.h"

namespace rattan::python {

// "cpu", "cuda", or "auto": CUDA where there is a device, of which a search may hold `device_memory` bytes (0: as
// CudaOptions). Throws Error(unsupported), and Error(invalid_argument) for another name.
std::unique_ptr<ExactTopK> make_exact_topk(const std::string& device, Executor* executor,
                                           std::size_t device_memory = 0);

// The same, or a callable of Python that finds (queries, keys, k, (begin, end), positions or None, recent) and returns
// ids int64 and scores float32 [rows, k] as a NeighborTable has them; bf16 rows come as uint16. It is called without
// the caller's lock from any thread, and lives as long as what is returned, which is destroyed under the lock.
std::unique_ptr<ExactTopK> make_exact_topk(const nanobind::object& device, Executor* executor,
                                           std::size_t device_memory);

void bind_exact_topk(nanobind::module_& module);

}  // namespace rattan::python
