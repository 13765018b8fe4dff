// fbin, f16bin and ibin: rows (uint32), cols (uint32), then rows * cols numbers, row-major, float32, float16 or int32.
// cols is at least 1, rows may be 0; the file has exactly the size that they give. FAULTS B6.
#pragma once

#include <filesystem>

#include "datasets/source.h"
#include "rattan/matrix.h"

namespace rattan::datasets {

// Throw what FileBytes::open throws, and Error(corrupt) naming rows, cols and size where they disagree.
SharedMatrix read_fbin(const std::filesystem::path& path, Access access = Access::copy);
SharedMatrix read_f16bin(const std::filesystem::path& path, Access access = Access::copy);
IntegerRows read_ibin(const std::filesystem::path& path, Access access = Access::copy);

// dtype: of the stored elements.
SharedMatrix parse_xbin(const Source& source, DType dtype);
IntegerRows parse_ibin(const Source& source);

}  // namespace rattan::datasets
