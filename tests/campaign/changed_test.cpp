// FAULTS G4: a file that is cut, written over, replaced or removed while it is opened, before any call and behind any:
// refused, or used without harm. Behind the last call it is without effect, for files are read whole.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/campaign/faults.h"
#include "tests/campaign/scenes.h"

namespace rattan::test {
namespace {

namespace fs = std::filesystem;

struct Change {
  const char* name;
  void (*make)(const fs::path& path);
};

// Of one file into another, so that who has it open sees it.
void write_over(const fs::path& path, char (*other)(char)) {
  std::string content = read_file(path);
  for (std::size_t i = 0; i < content.size(); i += 16) content[i] = other(content[i]);
  write_file(path, content);
}

const Change changes[] = {
    {"emptied", [](const fs::path& path) { fs::resize_file(path, 0); }},
    {"halved", [](const fs::path& path) { fs::resize_file(path, fs::file_size(path) / 2); }},
    {"grown", [](const fs::path& path) { fs::resize_file(path, 2 * fs::file_size(path)); }},
    {"zeroed", [](const fs::path& path) { write_over(path, [](char) { return char{0}; }); }},
    {"flipped", [](const fs::path& path) { write_over(path, [](char x) { return static_cast<char>(~x); }); }},
    {"removed", [](const fs::path& path) { fs::remove(path); }},
    {"replaced",
     [](const fs::path& path) {
       write_file(path.string() + ".other", "some other file");
       fs::rename(path.string() + ".other", path);
     }},
};

class Changed : public testing::TestWithParam<rattan_kind> {
 protected:
  void expect_sound(const std::string& scene, const fs::path& path, rattan_status (World::*open)()) {
    arm(FaultKind::change_before, ~std::uint64_t{0});
    ASSERT_EQ((world_.*open)(), RATTAN_OK);
    disarm();
    const std::size_t calls = calls_seen();
    const std::string whole = read_file(path);
    std::size_t tried = 0;
    for (const Change& change : changes) {
      for (const FaultKind when : {FaultKind::change_before, FaultKind::change_after}) {
        for (std::size_t call = 0; call < calls && !HasFailure(); ++call, ++tried) {
          set_change([&] { change.make(path); });
          arm(when, call);
          const rattan_status status = (world_.*open)();
          EXPECT_TRUE(disarm());
          EXPECT_TRUE(status == RATTAN_OK || refused(status)) << change.name << " at " << call << ": " << status;
          const bool last = when == FaultKind::change_after && call + 1 == calls;
          EXPECT_TRUE(!last || status == RATTAN_OK) << change.name << " afterwards: " << rattan_last_error();
          write_file(path, whole);
          ASSERT_EQ((world_.*open)(), RATTAN_OK) << rattan_last_error();
        }
      }
    }
    say("changed", scene, tried, tried);
  }

  static bool refused(rattan_status status) {
    return status == RATTAN_CORRUPT || status == RATTAN_IO || status == RATTAN_NOT_FOUND ||
           status == RATTAN_INVALID_ARGUMENT || status == RATTAN_VERSION_MISMATCH;
  }

  World world_{GetParam(), 1};
};

TEST_P(Changed, G4_WhileAnIndexIsOpened) {
  ASSERT_EQ(world_.index_build(), RATTAN_OK);
  ASSERT_EQ(world_.index_save(), RATTAN_OK);
  expect_sound("index/" + std::to_string(GetParam()), world_.index_file, &World::index_open);
}

TEST_P(Changed, G4_WhileAHeadIsOpened) {
  for (const auto step : {&World::create, &World::build, &World::save}) ASSERT_EQ((world_.*step)(), RATTAN_OK);
  expect_sound("head/" + std::to_string(GetParam()), world_.folder() / "layer_0000_head_0001.rattan", &World::open);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Changed, testing::ValuesIn(scene_kinds));

}  // namespace
}  // namespace rattan::test
