// Habits that the tree keeps: sizes, one room for OpenMP and CUDA, a quiet library.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <string>
#include <vector>

#include "source_tree.h"

namespace rattan::test {
namespace {

constexpr std::size_t most_lines = 600;
constexpr std::size_t most_median_lines = 150;
constexpr std::size_t small_file_lines = 30;

bool in_library(const SourceFile& file) { return file.in("src") || file.in("include") || file.in("datasets"); }

// Every line of the library's code that matches, but for files in `allowed`.
std::vector<std::string> code_matches(const std::string& pattern, const std::vector<std::string>& allowed = {}) {
  const std::regex regex(pattern);
  std::vector<std::string> found;
  for (const SourceFile& file : source_tree()) {
    if (!in_library(file) || !file.is_cpp()) continue;
    if (std::find(allowed.begin(), allowed.end(), file.path) != allowed.end()) continue;
    for (std::size_t i = 0; i < file.code.size(); ++i) {
      if (std::regex_search(file.code[i], regex)) found.push_back(at(file, i + 1) + file.text[i]);
    }
  }
  return found;
}

TEST(Habits, NoFileIsLong) {
  for (const SourceFile& file : source_tree()) {
    EXPECT_LE(file.text.size(), most_lines) << file.path;
  }
}

TEST(Habits, TheMedianFileIsShort) {
  std::vector<std::size_t> lengths;
  for (const SourceFile& file : source_tree()) {
    if (in_library(file) && file.is_cpp()) lengths.push_back(file.text.size());
  }
  ASSERT_FALSE(lengths.empty());
  std::sort(lengths.begin(), lengths.end());
  EXPECT_LE(lengths[lengths.size() / 2], most_median_lines);
}

// Files of one function that stay files of their own, and why.
const std::map<std::string, std::string>& small_files() {
  static const std::map<std::string, std::string> list = {
      {"src/simd/avx512.cpp", "compiled with flags of its own"},
  };
  return list;
}

// Bodies end with a brace at the margin; a namespace's has a comment behind it, a type's a semicolon.
std::size_t count_functions(const SourceFile& file) {
  static const std::regex one_line(R"(^\w.*\).*\{.*\}$)");
  return static_cast<std::size_t>(std::count_if(file.text.begin(), file.text.end(), [](const std::string& line) {
    return line == "}" || std::regex_match(line, one_line);
  }));
}

bool is_stand_in(const SourceFile& file) {
  const std::string stem = file.stem();
  return stem.ends_with("_linux") || stem.ends_with("_other") || stem.ends_with("_absent") || stem == "main";
}

TEST(Habits, OneSmallFunctionIsNoFile) {
  for (const SourceFile& file : source_tree()) {
    if (file.extension() != ".cpp" || !(in_library(file) || file.in("bench")) || is_stand_in(file)) continue;
    const bool small = file.text.size() < small_file_lines && count_functions(file) == 1;
    if (small_files().contains(file.path)) {
      EXPECT_TRUE(small) << file.path << " has grown; so should its exception go";
    } else {
      EXPECT_FALSE(small) << file.path << " holds one small function: its place is in a sibling";
    }
  }
  for (const auto& [path, reason] : small_files()) EXPECT_TRUE(in_tree(path)) << path << ": " << reason;
}

TEST(Habits, OpenMpStandsInOneFile) {
  for (const SourceFile& file : source_tree()) {
    if (!file.is_cpp() || file.path == "src/core/executor.cpp") continue;
    for (std::size_t i = 0; i < file.code.size(); ++i) {
      EXPECT_EQ(file.code[i].find("#pragma omp"), std::string::npos) << at(file, i + 1);
    }
  }
}

TEST(Habits, CudaSourcesStandInCuda) {
  for (const SourceFile& file : source_tree()) {
    if (file.extension() == ".cu" || file.extension() == ".cuh") {
      EXPECT_TRUE(file.in("cuda")) << file.path;
    }
  }
}

TEST(Habits, TheLibraryNeverPrints) {
  EXPECT_EQ(code_matches(R"(std::(cout|cerr|clog)|#include\s*<iostream>|\b(f?printf|f?puts|putchar|perror)\s*\()"),
            std::vector<std::string>{});
}

TEST(Habits, TheLibraryNeverEndsTheProcess) {
  EXPECT_EQ(code_matches(R"((^|[^\w.>])(std::|::)?(abort|exit|_exit|quick_exit|terminate)\s*\()"),
            std::vector<std::string>{});
}

// FAULTS C6: what a release build leaves out guards nothing.
TEST(Habits, C6_NoAssertionIsAGuard) {
  EXPECT_EQ(code_matches(R"((^|[^\w])assert\s*\(|<cassert>|<assert\.h>|\bNDEBUG\b)"), std::vector<std::string>{});
}

// FAULTS G3: a full disk behind a mapping that is written would end the process.
TEST(Habits, G3_NothingIsWrittenThroughAMapping) {
  EXPECT_EQ(code_matches(R"(PROT_WRITE|MAP_SHARED|\bmsync\b)"), std::vector<std::string>{});
}

TEST(Habits, OnlyDispatchReadsTheEnvironment) {
  EXPECT_EQ(code_matches(R"(\b(getenv|secure_getenv|setenv|putenv)\s*\()", {"src/simd/dispatch.cpp"}),
            std::vector<std::string>{});
}

TEST(Habits, NoUnfinishedWork) {
  const std::regex regex(std::string("\\b(TO") + "DO|FIX" + "ME|XX" + "X)\\b");
  for (const SourceFile& file : source_tree()) {
    for (std::size_t i = 0; i < file.text.size(); ++i) {
      EXPECT_FALSE(std::regex_search(file.text[i], regex)) << at(file, i + 1) << file.text[i];
    }
  }
}

TEST(Habits, HeadersHaveOneGuardForm) {
  for (const SourceFile& file : source_tree()) {
    if (file.extension() != ".h" || file.path == "include/rattan/c.h") continue;
    const bool once = std::find(file.code.begin(), file.code.end(), "#pragma once") != file.code.end();
    EXPECT_TRUE(once) << file.path << " has no #pragma once";
  }
}

TEST(Habits, StandInSourcesReplaceConditionalCompilation) {
  const std::vector<std::string> found = code_matches(R"(^\s*#\s*(if|ifdef|ifndef)\b)", {"include/rattan/c.h"});
  EXPECT_EQ(found, std::vector<std::string>{});
}

}  // namespace
}  // namespace rattan::test
