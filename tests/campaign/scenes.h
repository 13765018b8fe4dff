// What a program does with the C API, step by step: each step can be cut off by a fault anywhere, and must then have
// done nothing.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "rattan/c.h"
#include "tests/support/files.h"

namespace rattan::test {

// A context of one layer over 60 tokens, two KV heads, and an index over the first one's keys.
class World {
 public:
  World(rattan_kind kind, std::uint32_t threads);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Steps; each returns what the library says.
  rattan_status create();
  rattan_status build();
  rattan_status append();
  rattan_status append_pages();
  rattan_status seal();
  rattan_status rebuild();
  rattan_status truncate();
  rattan_status fork();
  rattan_status decode();
  rattan_status batch();
  rattan_status submit();
  rattan_status save();
  rattan_status open();
  rattan_status report();
  rattan_status index_build();
  rattan_status index_search();
  rattan_status index_save();
  rattan_status index_open();

  // Everything that can be asked, as bytes: two worlds that answer alike are in the same state. exactly: of all keys.
  std::string answers(bool exactly = false);
  std::filesystem::path folder() const { return folder_.path(); }
  std::filesystem::path index_file;  // folder()/index, unless another is set

 private:
  rattan_status decode_into(rattan_context* context, std::vector<float>& output, bool exactly = false) const;

  rattan_kind kind_;
  std::uint32_t threads_;
  TempDirectory folder_;
  rattan_context* context_ = nullptr;
  rattan_context* other_ = nullptr;  // of fork and open
  rattan_index* index_ = nullptr;
};

struct Scene {
  const char* name;
  std::vector<rattan_status (World::*)()> before;
  rattan_status (World::*step)();
};
std::ostream& operator<<(std::ostream& out, const Scene& scene);

const std::vector<Scene>& scenes();
inline constexpr rattan_kind scene_kinds[] = {RATTAN_KIND_FLAT, RATTAN_KIND_SCAN4, RATTAN_KIND_GRAPH};

// RATTAN_CAMPAIGN_EVERY: of the points of a sweep every so many are tried; 1 in a campaign, else `otherwise`.
std::size_t every_point(std::size_t otherwise);
// A line of JSON on standard output, and in the file RATTAN_CAMPAIGN_OUT names, appended.
void say(const std::string& part, const std::string& scene, std::size_t points, std::size_t tried);

}  // namespace rattan::test
