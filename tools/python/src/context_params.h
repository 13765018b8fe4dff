// ContextShape, Budget and ContextParams from keyword arguments.
#pragma once

#include <nanobind/nanobind.h>

#include "rattan/context.h"

namespace rattan::python {

// Keyword arguments that are absent keep the library's default. Throws Error(invalid_argument) for a name that is not
// known, TypeError for a value of the wrong type.
ContextShape to_shape(const nanobind::dict& arguments);
ContextParams to_params(const nanobind::dict& arguments);
Budget to_budget(const nanobind::dict& arguments, const Budget& defaults);

}  // namespace rattan::python
