// FAULTS G2, R9: every file call of every save and open fails once, in every way. FAULTS G1: the process is killed at
// every file call of a save, and at any time. The file is the old one or the new one.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <tuple>

#include "core/random.h"
#include "tests/campaign/faults.h"
#include "tests/campaign/scenes.h"

namespace rattan::test {
namespace {

namespace fs = std::filesystem;

struct Way {
  const char* name;
  FaultKind kind;
  int error;
};

constexpr Way ways[] = {{"ENOSPC", FaultKind::file, ENOSPC},
                        {"EIO", FaultKind::file, EIO},
                        {"EINTR", FaultKind::file, EINTR},
                        {"EMFILE", FaultKind::file, EMFILE},
                        {"short", FaultKind::short_write, 0}};

std::vector<Scene> file_scenes() {
  std::vector<Scene> found;
  for (const Scene& scene : scenes()) {
    const std::string name = scene.name;
    if (name.ends_with("save") || name.ends_with("open")) found.push_back(scene);
  }
  return found;
}

// Name and content of every file.
std::string content_of(const fs::path& folder) {
  std::string all;
  for (const auto& entry : fs::directory_iterator(folder)) {
    all += entry.path().filename().string() + " " + read_file(entry.path());
  }
  return all;
}

class Files : public testing::TestWithParam<std::tuple<Scene, rattan_kind>> {
 protected:
  const Scene& scene() const { return std::get<0>(GetParam()); }
  rattan_kind kind() const { return std::get<1>(GetParam()); }

  void prepare(World& world) const {
    for (const auto step : scene().before) ASSERT_EQ((world.*step)(), RATTAN_OK) << rattan_last_error();
  }

  // What the step leaves on disk, and how many calls of a kind it makes.
  std::string whole(FaultKind kind_of_fault, std::size_t& points) const {
    World world(kind(), 1);
    prepare(world);
    arm(kind_of_fault, ~std::uint64_t{0});
    EXPECT_EQ((world.*scene().step)(), RATTAN_OK);
    disarm();
    points = calls_seen();
    return content_of(world.folder());
  }
};

TEST_P(Files, G2_R9_EveryCallFailsOnce) {
  std::size_t all = 0;
  std::size_t tried = 0;
  for (const Way& way : ways) {
    std::size_t points = 0;
    const std::string expected = whole(way.kind, points);
    all += points;
    for (std::size_t point = 0; point < points && !HasFailure(); point += every_point(1), ++tried) {
      World world(kind(), 1);
      prepare(world);
      arm(way.kind, point, way.error);
      const rattan_status status = (world.*scene().step)();
      EXPECT_TRUE(disarm());
      if (status != RATTAN_OK) {
        EXPECT_EQ(status, RATTAN_IO) << way.name << " at " << point << ": " << rattan_last_error();
        EXPECT_EQ((world.*scene().step)(), RATTAN_OK) << rattan_last_error();
      }
      EXPECT_EQ(content_of(world.folder()), expected) << way.name << " at " << point;
    }
  }
  say("files", std::string(scene().name) + "/" + std::to_string(kind()), all, tried);
}

INSTANTIATE_TEST_SUITE_P(Steps, Files,
                         testing::Combine(testing::ValuesIn(file_scenes()), testing::ValuesIn(scene_kinds)),
                         [](const auto& test) {
                           return std::string(std::get<0>(test.param).name) + "_" +
                                  std::to_string(std::get<1>(test.param));
                         });

// Saves in turn an index of one kind and another to the same file.
class Kills : public testing::Test {
 protected:
  Kills() {
    for (World* world : {&flat_, &graph_}) {
      EXPECT_EQ(world->index_build(), RATTAN_OK);
      EXPECT_EQ(world->index_save(), RATTAN_OK);
    }
    old_ = read_file(flat_.folder() / "index");
    new_ = read_file(graph_.folder() / "index");
  }

  // In a child that a kill ends. A temporary sibling may stay.
  template <typename Body>
  bool killed(const Body& body) {
    const pid_t child = ::fork();
    if (child == 0) {
      body();
      ::_exit(0);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFSIGNALED(status);
  }

  bool is_whole() const {
    const std::string found = read_file(graph_.folder() / "index");
    return found == old_ || found == new_;
  }

  // The file of graph_ becomes the old one.
  void put_old() { write_file(graph_.folder() / "index", old_); }

  World flat_{RATTAN_KIND_FLAT, 1};
  World graph_{RATTAN_KIND_GRAPH, 1};
  std::string old_;
  std::string new_;
};

TEST_F(Kills, G1_AtEveryFileCallOfASave) {
  std::size_t kills = 0;
  for (const FaultKind kind : {FaultKind::kill_before, FaultKind::kill_after}) {
    for (std::size_t point = 0;; ++point, ++kills) {
      put_old();
      const bool was_killed = killed([&] {
        arm(kind, point);
        graph_.index_save();
      });
      EXPECT_TRUE(is_whole()) << point;
      if (!was_killed) break;
      ASSERT_LT(point, 1000U);
    }
  }
  EXPECT_GE(kills, 14U) << "create, write, sync, close, rename, open, sync, close";
  say("kill", "every file call", kills, kills);
}

TEST_F(Kills, G1_AtAnyTimeOfSaves) {
  const std::size_t rounds = 10'000 / every_point(100);
  std::size_t whole = 0;
  for (std::size_t round = 0; round < rounds; ++round) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      flat_.index_file = graph_.index_file;
      for (;;) {
        flat_.index_save();
        graph_.index_save();
      }
    }
    std::this_thread::sleep_for(std::chrono::microseconds(200 + random_below(1, round, 2000)));
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    whole += is_whole() ? 1 : 0;
  }
  EXPECT_EQ(whole, rounds);
  say("kill", "any time", rounds, rounds);
}

}  // namespace
}  // namespace rattan::test
