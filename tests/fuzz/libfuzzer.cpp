// The entry points that libFuzzer, AFL++ and honggfuzz call. PROGRAM --write-seeds FOLDER writes the seeds and ends.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerInitialize(const int* count, char*** words) {
  if (*count == 3 && std::string_view((*words)[1]) == "--write-seeds") {
    rattan::fuzz::write_seeds((*words)[2]);
    std::exit(0);
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  rattan::fuzz::run({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}
