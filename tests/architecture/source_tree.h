// The repository as text: every source file with its lines and includes, for tests that judge the tree itself.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace rattan::test {

struct Include {
  std::string name;  // what stands between the quotes or angle brackets
  bool quoted = false;
  std::size_t line = 0;  // counts from 1
};

struct SourceFile {
  std::string path;               // from the top of the tree, "src/core/check.h"
  std::vector<std::string> text;  // lines as written
  std::vector<std::string> code;  // the same lines without comments and without what stands in string literals
  std::vector<Include> includes;

  bool in(std::string_view folder) const { return path.starts_with(std::string(folder) + "/"); }
  std::string extension() const { return std::filesystem::path(path).extension().string(); }
  std::string stem() const { return std::filesystem::path(path).stem().string(); }
  std::string folder() const { return std::filesystem::path(path).parent_path().string(); }
  bool is_cpp() const { return extension() == ".h" || extension() == ".cpp" || extension() == ".c"; }
};

std::filesystem::path source_root();

// Every source file, script and text at the top and below include, src, cuda, datasets, bench, tests and tools, sorted
// by path; read once.
const std::vector<SourceFile>& source_tree();

// True where the tree holds this path.
bool in_tree(std::string_view path);

// The file that an include means, or empty where it is not of this tree.
std::string included_path(const SourceFile& from, const Include& include);

// "path:line: " for messages.
std::string at(const SourceFile& file, std::size_t line);

}  // namespace rattan::test
