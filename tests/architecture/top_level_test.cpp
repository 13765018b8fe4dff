// The top level holds what is named here and nothing else; and every file of tools that should run can be run.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <string>

#include "source_tree.h"

namespace rattan::test {
namespace {

namespace fs = std::filesystem;

const std::set<std::string>& required() {
  static const std::set<std::string> names = {"CMakeLists.txt", "include",         "src",        "cuda",      "tests",
                                              "bench",          "datasets",        "tools",      "README.md", "LICENSE",
                                              "CHANGELOG.md",   "CONTRIBUTING.md", "SECURITY.md"};
  return names;
}

TEST(TopLevel, HoldsExactlyWhatIsNamed) {
  std::set<std::string> found;
  for (const auto& entry : fs::directory_iterator(source_root())) {
    const std::string name = entry.path().filename().string();
    // Dot-files are free; build folders are ignored by git.
    if (!name.starts_with(".") && !name.starts_with("build")) found.insert(name);
  }
  EXPECT_EQ(found, required());
}

TEST(TopLevel, CommandsAreExecutable) {
  for (const char* command :
       {"tools/setup", "tools/demo", "tools/test", "tools/checks/changed", "tools/checks/format", "tools/checks/tidy",
        "tools/engine/curve", "tools/campaign/fuzz", "tools/campaign/sweep", "tools/campaign/coverage",
        "tools/campaign/threads", "tools/campaign/points", "tests/fuzz/build", "tests/fuzz/bundle", ".ci/run"}) {
    EXPECT_EQ(::access((source_root() / command).c_str(), X_OK), 0) << command;
  }
}

}  // namespace
}  // namespace rattan::test
