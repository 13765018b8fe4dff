// rattan::Error as the exceptions of tools/python/rattan/_errors.py.
#pragma once

#include <nanobind/nanobind.h>

namespace rattan::python {

void bind_errors(nanobind::module_& module);

}  // namespace rattan::python
