#include "bench/measure/run_record.h"

#include <dlfcn.h>

#include <cstdio>
#include <fstream>

#include "rattan/version.h"
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

// "32768K" and the like; 0 for anything else.
std::uint64_t parse_size(const std::string& text) {
  char unit = '\0';
  unsigned long long number = 0;
  if (std::sscanf(text.c_str(), "%llu%c", &number, &unit) < 1) return 0;
  return number << (unit == 'K' ? 10U : unit == 'M' ? 20U : 0U);
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// What this CPU shares, not what the package has in all, as sysconf() says on some virtual machines.
std::uint64_t last_level_cache() {
  std::uint64_t bytes = 0;
  int highest = 0;
  for (int index = 0; index < 8; ++index) {
    const std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/";
    const std::string level = first_line(folder + "level");
    if (level.size() != 1 || level.front() - '0' <= highest) continue;
    highest = level.front() - '0';
    bytes = parse_size(first_line(folder + "size"));
  }
  return bytes;
}

}  // namespace

RunRecord run_record(std::uint64_t threads, std::uint64_t seed) {
  static const RunRecord here{
      .isa = simd::kernels().name,
      .blas = blas_core(),
      .cpu = cpu_name(),
      .llc_bytes = last_level_cache(),
      .commit = RATTAN_BENCH_COMMIT,
      .version = RATTAN_VERSION,
  };
  RunRecord run = here;
  run.threads = threads;
  run.seed = seed;
  return run;
}

}  // namespace rattan::bench
