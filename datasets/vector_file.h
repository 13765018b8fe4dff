// A file of vectors or ids, whatever its format.
#pragma once

#include <filesystem>

#include "datasets/source.h"
#include "rattan/matrix.h"

namespace rattan::datasets {

// npy, fvecs, fbin or f16bin, mapped. Throws what its reader throws, and Error(unsupported) that says what it is.
SharedMatrix read_vectors(const std::filesystem::path& path);

// ibin or ivecs. Throws likewise.
IntegerRows read_ids(const std::filesystem::path& path);

}  // namespace rattan::datasets
