// HDF5 files as VIBE and ann-benchmarks write them, for tests.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace rattan::test {

struct Hdf5DataSet {
  std::string name;
  std::vector<std::uint64_t> dims;
  std::vector<float> floats = {};
  std::vector<std::int32_t> integers = {};  // where there are no floats
  bool packed = false;                      // chunks, by deflate
  bool unwritten = false;                   // a shape without data
  bool outside = false;                     // its numbers lie in another file
  bool linked = false;                      // its name is that of a soft link
};

enum class Hdf5Text : std::uint8_t { variable, fixed };  // as h5py writes str, and bytes

// `distance`: the attribute of that name, none where it is empty. False without libhdf5.
bool write_hdf5(const std::filesystem::path& path, const std::string& distance, const std::vector<Hdf5DataSet>& sets,
                Hdf5Text text = Hdf5Text::variable);

}  // namespace rattan::test
