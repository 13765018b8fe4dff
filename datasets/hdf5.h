// HDF5 files of VIBE and ann-benchmarks: data sets train, test, and, where they are there, learn and neighbors.
#pragma once

#include <filesystem>

#include "datasets/hdf5_vectors.h"

namespace rattan::datasets {

// Whether this build has libhdf5.
extern const bool have_hdf5;

// Read whole into memory, by a process of its own: a damaged file may end libhdf5, or keep it busy for two seconds and
// one more for every 4 MiB, but never the caller. The attribute distance must be an inner product ("ip", "dot",
// "normalized"), or one of angles ("cosine", "angular") over keys of length 1; without it the inner product is taken.
// No number of the file is trusted: a data set has two dimensions, each at least 1, and as many bytes stored as its
// shape needs, or, compressed, at least a 1,032nd of them; it is stored in the file itself. Filters that libhdf5 does
// not bring itself are not loaded. Throws Error(unsupported) without libhdf5 and for what is not read, Error(not_found,
// io, corrupt, no_memory).
Hdf5Vectors read_hdf5(const std::filesystem::path& path);

}  // namespace rattan::datasets
