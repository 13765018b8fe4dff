#include "c_api/status.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <exception>
#include <filesystem>
#include <new>

namespace rattan::c_api {
namespace {

// Fixed room: to remember that memory is short must not take memory.
thread_local std::array<char, 1024> last_error{};

rattan_status status_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_argument: return RATTAN_INVALID_ARGUMENT;
    case ErrorCode::not_found: return RATTAN_NOT_FOUND;
    case ErrorCode::io: return RATTAN_IO;
    case ErrorCode::corrupt: return RATTAN_CORRUPT;
    case ErrorCode::version: return RATTAN_VERSION_MISMATCH;
    case ErrorCode::unsupported: return RATTAN_UNSUPPORTED;
    case ErrorCode::no_memory: return RATTAN_NO_MEMORY;
  }
  return RATTAN_INTERNAL;
}

}  // namespace

rattan_status remember(rattan_status status, std::string_view text) noexcept {
  const std::size_t length = std::min(text.size(), last_error.size() - 1);
  std::memcpy(last_error.data(), text.data(), length);
  last_error[length] = '\0';
  return status;
}

rattan_status status_of_exception() noexcept {
  try {
    throw;
  } catch (const Error& error) {
    return remember(status_of(error.code()), error.what());
  } catch (const std::bad_alloc&) {
    return remember(RATTAN_NO_MEMORY, "an allocation failed");
  } catch (const std::filesystem::filesystem_error& error) {
    return remember(RATTAN_IO, error.what());
  } catch (const std::exception& error) {
    return remember(RATTAN_INTERNAL, error.what());
  } catch (...) {
    return remember(RATTAN_INTERNAL, "an exception of unknown type");
  }
}

std::size_t write_text(const std::string& all, char* text, std::size_t size) noexcept {
  if (size != 0) {
    const std::size_t length = std::min(all.size(), size - 1);
    std::memcpy(text, all.data(), length);
    text[length] = '\0';
  }
  return all.size() + 1;
}

}  // namespace rattan::c_api

const char* rattan_last_error(void) { return rattan::c_api::last_error.data(); }

const char* rattan_version(void) { return RATTAN_VERSION; }

uint32_t rattan_c_api_version(void) { return RATTAN_C_API_VERSION; }
