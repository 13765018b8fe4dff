// The data sets of an HDF5 file of VIBE or ann-benchmarks.
#pragma once

#include <optional>

#include "datasets/source.h"
#include "rattan/matrix.h"

namespace rattan::datasets {

struct Hdf5Vectors {
  SharedMatrix train;                    // f32, whatever float type the file has
  SharedMatrix test;                     // the same
  std::optional<SharedMatrix> learn;     // queries to build with
  std::optional<IntegerRows> neighbors;  // of the test queries
};

}  // namespace rattan::datasets
