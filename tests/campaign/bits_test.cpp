// FAULTS A15, R5, R6, R7: every bit of a small file of every kind is flipped, and the file cut at every byte: refused.
// With checksums made right again: refused, or used without harm.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/campaign/scenes.h"
#include "tests/fuzz/repair.h"

namespace rattan::test {
namespace {

std::vector<std::byte> as_bytes(const std::string& text) {
  std::vector<std::byte> bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

std::string as_text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A file, and the step that opens it and uses what was opened.
class Bits : public testing::TestWithParam<rattan_kind> {
 protected:
  void expect_sound(const std::string& scene, const std::filesystem::path& path, rattan_status (World::*open)()) {
    const std::string whole = read_file(path);
    const std::size_t every = every_point(67);
    std::size_t tried = 0;
    std::size_t accepted = 0;
    for (std::size_t bit = 0; bit < 8 * whole.size() && !HasFailure(); bit += every, ++tried) {
      std::string flipped = whole;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
      write_file(path, flipped);
      EXPECT_TRUE(refused((world_.*open)())) << "bit " << bit;
      write_file(path, as_text(fuzz::repaired(as_bytes(flipped))));
      const rattan_status status = (world_.*open)();
      EXPECT_TRUE(status == RATTAN_OK || refused(status)) << "bit " << bit << ", repaired: " << rattan_last_error();
      accepted += status == RATTAN_OK ? 1 : 0;
    }
    for (std::size_t size = 0; size < whole.size() && !HasFailure(); size += every, ++tried) {
      write_file(path, whole.substr(0, size));
      EXPECT_TRUE(refused((world_.*open)())) << size << " bytes";
    }
    write_file(path, whole);
    EXPECT_EQ((world_.*open)(), RATTAN_OK);
    EXPECT_GT(tried, accepted);
    say("bits", scene, 9 * whole.size(), tried);
  }

  static bool refused(rattan_status status) {
    return status == RATTAN_CORRUPT || status == RATTAN_INVALID_ARGUMENT || status == RATTAN_VERSION_MISMATCH;
  }

  World world_{GetParam(), 1};
};

TEST_P(Bits, A15_R5_R7_OfAnIndex) {
  ASSERT_EQ(world_.index_build(), RATTAN_OK);
  ASSERT_EQ(world_.index_save(), RATTAN_OK);
  expect_sound("index/" + std::to_string(GetParam()), world_.index_file, &World::index_open);
}

TEST_P(Bits, A15_R5_R7_OfAHead) {
  for (const auto step : {&World::create, &World::build, &World::save}) ASSERT_EQ((world_.*step)(), RATTAN_OK);
  expect_sound("head/" + std::to_string(GetParam()), world_.folder() / "layer_0000_head_0001.rattan", &World::open);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Bits, testing::ValuesIn(scene_kinds));

}  // namespace
}  // namespace rattan::test
