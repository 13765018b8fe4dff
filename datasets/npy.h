// NumPy's .npy, versions 1 to 3: two-dimensional arrays in C order with dtype '<f4', '<f2' or '<u2'.
#pragma once

#include <filesystem>

#include "datasets/source.h"
#include "rattan/matrix.h"

namespace rattan::datasets {

struct NpyMatrix {
  SharedMatrix matrix;

  // The file says '<u2'. NumPy has no bfloat16; such arrays hold its bit patterns by convention, and `matrix` is bf16.
  bool u2_as_bf16 = false;
};

// Throws what FileBytes::open throws; Error(corrupt) for a file that contradicts itself; Error(unsupported) naming
// what is not read: object arrays (pickle), big-endian and other dtypes, Fortran order, other than two dimensions.
// The header is at most 64 KiB and the data exactly as long as the shape says. FAULTS B1-B3.
NpyMatrix read_npy(const std::filesystem::path& path, Access access = Access::copy);
NpyMatrix parse_npy(const Source& source);

}  // namespace rattan::datasets
