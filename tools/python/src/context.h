// rattan::Context for Python.
#pragma once

#include <nanobind/nanobind.h>

namespace rattan::python {

void bind_context(nanobind::module_& module);

}  // namespace rattan::python
