// The header text of an .npy file: a Python dict literal with the keys descr, fortran_order and shape.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rattan::datasets {

struct NpyHeader {
  std::string descr;  // e.g. "<f4"; "[" for a structured dtype
  bool fortran_order = false;
  std::vector<std::uint64_t> shape;
};

// Strict: each key once and no other, nothing but white space behind the dict. Throws Error(corrupt) with `name` and
// the place in the header. No recursion.
NpyHeader parse_npy_header(std::string_view text, const std::string& name);

}  // namespace rattan::datasets
