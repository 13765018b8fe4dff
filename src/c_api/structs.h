// The structs of the C API as the C++ ones, and the rule by which libraries and callers of different age understand
// each other.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "rattan/c.h"
#include "rattan/context.h"

namespace rattan::c_api {

// Copies what the caller, older or newer, has filled in of a struct that begins with struct_size: `size` bytes of
// `from` over the defaults in `into`, of which there are `known`. Throws Error(invalid_argument) for a size that no
// such struct has, Error(version) for bytes of a newer one that are not 0.
void read_bytes(const void* from, void* into, std::uint32_t known, std::string_view name);

template <typename Struct>
Struct read_struct(const Struct& given, Struct defaults, std::string_view name) {
  read_bytes(&given, &defaults, sizeof(Struct), name);
  defaults.struct_size = sizeof(Struct);
  return defaults;
}

bool is_on(std::string_view name, rattan_switch value);

// Throws Error(invalid_argument) for a struct_size that no struct has.
void check_size(const void* given, std::string_view name);

// The other way: as much of `from` as the caller's struct of into.struct_size bytes has room for, zeros behind it.
void write_bytes(const void* from, void* into, std::uint32_t known, std::string_view name);

ContextShape to_shape(const rattan_shape& shape);
Budget to_budget(const rattan_budget& budget);
// Without executor and exact, which the handle owns.
ContextParams to_params(const rattan_params& params);

}  // namespace rattan::c_api
