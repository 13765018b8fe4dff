// The border between exceptions and status codes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/check.h"
#include "rattan/c.h"

namespace rattan::c_api {

// Of the exception being handled; its text becomes the thread's last error. Allocates nothing.
rattan_status status_of_exception() noexcept;

// The same of a status and a text that are known already.
rattan_status remember(rattan_status status, std::string_view text) noexcept;

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

// The name of a file or folder. Throws Error(invalid_argument) for NULL and "".
inline std::string path_of(const char* text, std::string_view name) {
  std::string path = &required(text, name);
  if (path.empty()) fail(ErrorCode::invalid_argument, name, " is \"\", allowed is the name of a file or folder");
  return path;
}

// As much of `all` as `size` bytes hold with the final 0; returns what all of it takes.
std::size_t write_text(const std::string& all, char* text, std::size_t size) noexcept;

}  // namespace rattan::c_api
