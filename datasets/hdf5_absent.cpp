// In place of hdf5.cpp where libhdf5 was not found.
#include "core/check.h"
#include "datasets/hdf5.h"

namespace rattan::datasets {

const bool have_hdf5 = false;

Hdf5Vectors read_hdf5(const std::filesystem::path& path) {
  fail(ErrorCode::unsupported, path.string(),
       ": is an HDF5 file, and this build has no libhdf5 (Debian: libhdf5-dev, then configure anew); "
       "\"python -m rattan.dump --from-hdf5 FILE -o DIR\" converts it");
}

}  // namespace rattan::datasets
