#include "bench/measure/scratch_folder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <optional>

#include "tests/support/files.h"

namespace rattan::bench {
namespace {

TEST(ScratchFolder, IsGoneWithAllThatIsInIt) {
  const test::TempDirectory parent;
  std::optional<ScratchFolder> one(std::in_place, "name", parent / "made");
  const ScratchFolder two("name", parent / "made");
  const std::filesystem::path path = one->path();
  EXPECT_NE(path, two.path());
  std::ofstream(path / "file") << "text";
  EXPECT_TRUE(std::filesystem::exists(path / "file"));
  one.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_TRUE(std::filesystem::is_directory(two.path()));
}

}  // namespace
}  // namespace rattan::bench
