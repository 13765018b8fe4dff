// Exact top-k: the object that finds links and truth.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <string>

#include "rattan/exact_topk.h"

namespace rattan::python {

// "cpu", "cuda", or "auto": CUDA where there is a device. Throws Error(unsupported), and Error(invalid_argument) for
// another name.
std::unique_ptr<ExactTopK> make_exact_topk(const std::string& device, Executor* executor);

void bind_exact_topk(nanobind::module_& module);

}  // namespace rattan::python
