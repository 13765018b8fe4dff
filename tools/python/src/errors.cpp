#include "errors.h"

#include <exception>

#include "rattan/types.h"

namespace rattan::python {
namespace {

namespace nb = nanobind;

void translate(const std::exception_ptr& thrown, void*) {
  try {
    std::rethrow_exception(thrown);
  } catch (const Error& error) {
    // make_error(code, text) of tools/python/rattan/_errors.py chooses the class.
    const nb::object exception =
        nb::module_::import_("rattan._errors").attr("make_error")(to_string(error.code()), error.what());
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
  }
}

}  // namespace

void bind_errors(nb::module_&) { nb::register_exception_translator(translate); }

}  // namespace rattan::python
