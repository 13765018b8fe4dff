// The choice of a kernel set: by rank, by name, by RATTAN_ISA in a process of its own. FAULTS G10, R30.
#include "simd/dispatch.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/errors.h"

namespace rattan::test {
namespace {

simd::Kernels named(const char* name) {
  simd::Kernels set{};
  set.name = name;
  return set;
}

const simd::Kernels fast = named("avx2");
const simd::Kernels slow = named("scalar");
const std::array<const simd::Kernels*, 2> two_sets = {&fast, &slow};

TEST(Dispatch, TakesTheBestSetUnlessOneIsForced) {
  EXPECT_EQ(&simd::choose_kernels(nullptr, two_sets), &fast);
  EXPECT_EQ(&simd::choose_kernels("", two_sets), &fast);
  EXPECT_EQ(&simd::choose_kernels("scalar", two_sets), &slow);
  EXPECT_EQ(&simd::choose_kernels("avx2", two_sets), &fast);
}

TEST(Dispatch, RefusesUnknownNames) {
  for (const char* name : {"sse2", "AVX2", "avx", "avx2 ", "native", "0"})
    expect_error(ErrorCode::invalid_argument, "RATTAN_ISA", [&] { simd::choose_kernels(name, two_sets); });
  expect_error(ErrorCode::invalid_argument, "allowed is scalar, avx2, avx512, avx512bf16 or avx512amx",
               [&] { simd::choose_kernels("neon", two_sets); });
}

TEST(Dispatch, RefusesSetsTheCpuLacks) {
  expect_error(ErrorCode::invalid_argument, "RATTAN_ISA is \"avx512\", this CPU runs only avx2, scalar",
               [&] { simd::choose_kernels("avx512", two_sets); });
}

TEST(Dispatch, ScalarAlwaysRunsAndStandsLast) {
  ASSERT_FALSE(simd::runnable_kernels().empty());
  EXPECT_STREQ(simd::runnable_kernels().back()->name, "scalar");
  EXPECT_NE(simd::find_kernels("scalar"), nullptr);
}

TEST(Dispatch, FindsRunnableSetsOnly) {
  for (const simd::Kernels* set : simd::runnable_kernels()) EXPECT_EQ(simd::find_kernels(set->name), set);
  EXPECT_EQ(simd::find_kernels("sse2"), nullptr);
  EXPECT_EQ(simd::find_kernels(""), nullptr);
}

TEST(Dispatch, AllThreadsSeeOneSet) {
  std::array<const simd::Kernels*, 8> seen{};
  std::vector<std::thread> threads;
  for (auto& slot : seen) threads.emplace_back([&slot] { slot = &simd::kernels(); });
  for (auto& thread : threads) thread.join();
  for (const auto* set : seen) EXPECT_EQ(set, seen.front());
}

// What this process was started with decides; the tests below start it again with other values.
TEST(Dispatch, KernelsObeyTheEnvironment) {
  const char* forced = std::getenv("RATTAN_ISA");
  if (forced == nullptr || *forced == '\0') {
    EXPECT_EQ(&simd::kernels(), simd::runnable_kernels().front());
  } else if (simd::find_kernels(forced) != nullptr) {
    EXPECT_STREQ(simd::kernels().name, forced);
  } else {
    expect_error(ErrorCode::invalid_argument, forced, [] { simd::kernels(); });
    expect_error(ErrorCode::invalid_argument, "RATTAN_ISA", [] { simd::kernels(); });
  }
}

// Runs the test above in a new process and returns what it printed.
std::string run_with_isa(const std::string& isa) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  const std::string command =
      "RATTAN_ISA='" + isa + "' '" + self + "' --gtest_filter=Dispatch.KernelsObeyTheEnvironment 2>&1";
  FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return "popen failed";
  std::string output;
  std::array<char, 256> chunk;
  while (std::fgets(chunk.data(), chunk.size(), pipe) != nullptr) output += chunk.data();
  return pclose(pipe) == 0 ? output : "failed: " + output;
}

TEST(Dispatch, EveryRunnableSetCanBeForced) {
  for (const simd::Kernels* set : simd::runnable_kernels())
    EXPECT_NE(run_with_isa(set->name).find("[  PASSED  ] 1 test"), std::string::npos) << run_with_isa(set->name);
}

TEST(Dispatch, WrongNamesInTheEnvironmentAreAnError) {
  EXPECT_NE(run_with_isa("altivec").find("[  PASSED  ] 1 test"), std::string::npos) << run_with_isa("altivec");
}

}  // namespace
}  // namespace rattan::test
