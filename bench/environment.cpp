#include "bench/environment.h"

#include <dlfcn.h>
#include <unistd.h>

#include <fstream>

#include "simd/kernels.h"

namespace rattan::bench {
namespace {

std::string cpu_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const std::size_t colon = line.find(": ");
    if (line.rfind("model name", 0) == 0 && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

// Which BLAS a Debian system loads is decided by its alternatives, so it is asked at run time.
std::string blas_core() {
  using CoreName = char* (*)();
  const auto core_name = reinterpret_cast<CoreName>(dlsym(RTLD_DEFAULT, "openblas_get_corename"));
  return core_name == nullptr ? "none" : std::string("OpenBLAS ") + core_name();
}

std::uint64_t last_level_cache() {
  for (const int name : {_SC_LEVEL4_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE, _SC_LEVEL2_CACHE_SIZE}) {
    const long bytes = sysconf(name);
    if (bytes > 0) return static_cast<std::uint64_t>(bytes);
  }
  return 0;
}

}  // namespace

const Environment& environment() {
  static const Environment here{cpu_name(), simd::kernels().name, blas_core(), RATTAN_COMMIT, last_level_cache()};
  return here;
}

}  // namespace rattan::bench
