// rattan/evaluate.h for Python.
#pragma once

#include <nanobind/nanobind.h>

namespace rattan::python {

void bind_evaluate(nanobind::module_& module);

}  // namespace rattan::python
