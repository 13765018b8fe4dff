#include "tests/support/hdf5_files.h"

#include <hdf5.h>

namespace rattan::test {
namespace {

void write_text(hid_t file, const std::string& name, const std::string& text, Hdf5Text form) {
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, form == Hdf5Text::variable ? H5T_VARIABLE : text.size() + 1);
  const hid_t space = H5Screate(H5S_SCALAR);
  const hid_t attribute = H5Acreate2(file, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT);
  const char* const begin = text.c_str();
  H5Awrite(attribute, type, form == Hdf5Text::variable ? static_cast<const void*>(&begin) : begin);
  H5Aclose(attribute);
  H5Sclose(space);
  H5Tclose(type);
}

void write_set(hid_t file, const Hdf5DataSet& set) {
  const std::vector<hsize_t> dims(set.dims.begin(), set.dims.end());
  const hid_t space = H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr);
  const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
  if (set.packed) {
    H5Pset_chunk(properties, static_cast<int>(dims.size()), dims.data());
    H5Pset_deflate(properties, 4);
  }
  const bool floats = set.integers.empty();
  if (set.outside) H5Pset_external(properties, "numbers", 0, H5F_UNLIMITED);
  const std::string name = set.linked ? "behind " + set.name : set.name;
  if (set.linked) H5Lcreate_soft(name.c_str(), file, set.name.c_str(), H5P_DEFAULT, H5P_DEFAULT);
  const hid_t type = floats ? H5T_NATIVE_FLOAT : H5T_NATIVE_INT32;
  const hid_t data = H5Dcreate2(file, name.c_str(), type, space, H5P_DEFAULT, properties, H5P_DEFAULT);
  const void* const numbers =
      floats ? static_cast<const void*>(set.floats.data()) : static_cast<const void*>(set.integers.data());
  if (!set.unwritten && !set.outside) H5Dwrite(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers);
  H5Dclose(data);
  H5Pclose(properties);
  H5Sclose(space);
}

}  // namespace

bool write_hdf5(const std::filesystem::path& path, const std::string& distance, const std::vector<Hdf5DataSet>& sets,
                Hdf5Text text) {
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  if (file < 0) return false;
  if (!distance.empty()) write_text(file, "distance", distance, text);
  for (const Hdf5DataSet& set : sets) write_set(file, set);
  return H5Fclose(file) >= 0;
}

}  // namespace rattan::test
