// An HDF5 file read by libhdf5 in this process: what hdf5.h reads in a process of its own.
#pragma once

#include <cstdint>
#include <filesystem>

#include "datasets/hdf5_vectors.h"

namespace rattan::datasets {

inline constexpr std::uint64_t most_packed = 1032;  // bytes of a data set in one of the file: how far deflate can pack

// As read_hdf5, with the same checks and errors, for a file that can be trusted to be whole: libhdf5 (1.10.8) writes
// behind its own buffers for some damaged ones.
Hdf5Vectors read_hdf5_here(const std::filesystem::path& path);

}  // namespace rattan::datasets
