#include "tests/fuzz/target.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace rattan::fuzz {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

void write_seeds(const char* folder) {
  std::size_t number = 0;
  for (const Bytes& seed : seeds()) {
    std::ofstream file(std::filesystem::path(folder) / ("seed" + std::to_string(number++)), std::ios::binary);
    file.write(reinterpret_cast<const char*>(seed.data()), static_cast<std::streamsize>(seed.size()));
    file.close();
    require(static_cast<bool>(file), "a seed is written");
  }
}

}  // namespace rattan::fuzz
