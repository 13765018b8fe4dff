// Detection against what the kernel of the operating system says about the CPU. FAULTS G10.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "simd/dispatch.h"
#include "simd/tile_registers.h"

namespace rattan::test {
namespace {

std::set<std::string> cpu_flags() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("flags")) continue;
    std::istringstream words(line.substr(line.find(':') + 1));
    return {std::istream_iterator<std::string>(words), {}};
  }
  return {};
}

TEST(DetectX86, MatchesTheFlagsOfProcCpuinfo) {
  const std::set<std::string> flags = cpu_flags();
  if (flags.empty()) GTEST_SKIP() << "/proc/cpuinfo has no flags";
  const auto has_all = [&](const std::vector<std::string>& names) {
    return std::all_of(names.begin(), names.end(), [&](const std::string& name) { return flags.contains(name); });
  };
  std::vector<std::string> expected = {"scalar"};
  if (has_all({"avx2", "fma", "f16c"})) {
    expected.insert(expected.begin(), "avx2");
    if (has_all({"avx512f", "avx512bw", "avx512vl", "avx512dq"})) {
      expected.insert(expected.begin(), "avx512");
      if (has_all({"avx512_bf16", "avx512_vnni"})) {
        expected.insert(expected.begin(), "avx512bf16");
        if (has_all({"amx_bf16", "amx_tile"}) && simd::request_tile_registers()) {
          expected.insert(expected.begin(), "avx512amx");
        }
      }
    }
  }
  std::vector<std::string> found;
  for (const simd::Kernels* set : simd::detect_kernels()) found.emplace_back(set->name);
  EXPECT_EQ(found, expected);
}

}  // namespace
}  // namespace rattan::test
