// fvecs and ivecs: every row is its dimension (int32) and then that many float32 or int32 numbers.
// All rows must have the same dimension, at least 1; the file ends with its last row. FAULTS B6, B7.
#pragma once

#include <filesystem>

#include "datasets/source.h"
#include "rattan/matrix.h"

namespace rattan::datasets {

// f32, with a row stride of cols + 1: the dimensions stay where they are. Throws what FileBytes::open throws, and
// Error(corrupt) naming the row.
SharedMatrix read_fvecs(const std::filesystem::path& path, Access access = Access::copy);
SharedMatrix parse_fvecs(const Source& source);

IntegerRows read_ivecs(const std::filesystem::path& path, Access access = Access::copy);
IntegerRows parse_ivecs(const Source& source);

}  // namespace rattan::datasets
