// The border between exceptions and status codes.
#pragma once

#include <string_view>

#include "core/check.h"
#include "rattan/c.h"

namespace rattan::c_api {

// Of the exception being handled; its text becomes the thread's last error. Allocates nothing.
rattan_status status_of_exception() noexcept;

// Runs what a function of the C API does. Nothing leaves but a status.
template <typename Body>
rattan_status guarded(const Body& body) noexcept {
  try {
    body();
    return RATTAN_OK;
  } catch (...) {
    return status_of_exception();
  }
}

template <typename T>
T& required(T* pointer, std::string_view name) {
  if (pointer == nullptr) fail(ErrorCode::invalid_argument, name, " is NULL, allowed is a pointer to its content");
  return *pointer;
}

}  // namespace rattan::c_api
