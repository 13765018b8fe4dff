// The extension module rattan._core. What users see, with its documentation, stands in the .py files beside it.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include "arrays.h"
#include "context.h"
#include "errors.h"
#include "evaluate.h"
#include "exact_topk.h"
#include "index.h"

NB_MODULE(_core, module) {
  namespace nb = nanobind;
  using rattan::python::Array;
  nb::class_<Array>(module, "Array")
      .def(nb::init<nb::ndarray<nb::ro>, const std::string&, std::string>(), nb::arg("array"), nb::arg("dtype"),
           nb::arg("name"))
      .def_prop_ro("address", [](const Array& array) { return array.address(); })
      .def_prop_ro("shape",
                   [](const Array& array) {
                     nb::list shape;
                     for (std::size_t axis = 0; axis < array.ndim(); ++axis) shape.append(array.shape(axis));
                     return nb::tuple(shape);
                   })
      .def_prop_ro("dtype", [](const Array& array) { return rattan::to_string(array.dtype()); });
  rattan::python::bind_errors(module);
  rattan::python::bind_index(module);
  rattan::python::bind_exact_topk(module);
  rattan::python::bind_evaluate(module);
  rattan::python::bind_context(module);
}
