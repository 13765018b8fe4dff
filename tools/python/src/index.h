// rattan::Index for Python.
#pragma once

#include <nanobind/nanobind.h>

namespace rattan::python {

void bind_index(nanobind::module_& module);

}  // namespace rattan::python
