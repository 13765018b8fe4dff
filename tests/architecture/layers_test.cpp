// Includes point only downward (src/DESIGN.md section 3), and third-party headers stay in the rooms that own them.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source_tree.h"

namespace rattan::test {
namespace {

struct Place {
  std::string_view prefix;  // of a path from the top of the tree
  std::string_view room;
  int layer;
};

// The first match counts. A public header stands in the layer that implements it.
constexpr std::array places = {
    Place{"include/rattan/version.h", "core", 0},
    Place{"include/rattan/types.h", "core", 0},
    Place{"include/rattan/matrix.h", "core", 0},
    Place{"include/rattan/results.h", "core", 0},
    Place{"include/rattan/executor.h", "core", 0},
    Place{"include/rattan/params.h", "core", 0},
    Place{"include/rattan/exact_topk.h", "scan", 2},
    Place{"include/rattan/index.h", "index", 5},
    Place{"include/rattan/layer_build.h", "index", 5},
    Place{"include/rattan/baselines.h", "baselines", 6},
    Place{"include/rattan/attention.h", "attention", 6},
    Place{"include/rattan/context.h", "context", 7},
    Place{"include/rattan/evaluate.h", "evaluate", 3},
    Place{"include/rattan/c.h", "c_api", 8},
    Place{"src/core/", "core", 0},
    Place{"src/simd/", "simd", 1},
    Place{"src/storage/", "storage", 1},
    Place{"datasets/", "datasets", 1},
    Place{"src/scan/", "scan", 2},
    Place{"cuda/", "cuda", 2},
    Place{"src/evaluate/", "evaluate", 3},
    Place{"src/clusters/", "clusters", 3},
    Place{"src/graph/", "graph", 4},
    Place{"src/index/", "index", 5},
    Place{"src/baselines/", "baselines", 6},
    Place{"src/attention/", "attention", 6},
    Place{"src/context/", "context", 7},
    Place{"src/c_api", "c_api", 8},
    Place{"bench/inputs/", "bench/inputs", 9},
    Place{"bench/measure/", "bench/measure", 10},
    Place{"bench/context/", "bench/context", 11},
    Place{"bench/report/", "bench/report", 12},
    Place{"bench/cli/", "bench/cli", 13},
    Place{"bench/micro/", "bench/micro", 9},
    Place{"tools/engine/", "engine", 9},
    Place{"tools/", "tools", 9},
    Place{"tests/", "tests", 14},
};

// Between rooms of one layer only these includes are allowed: from, to.
constexpr std::array<std::array<std::string_view, 2>, 2> sibling_includes = {{
    {"datasets", "storage"},  // one byte reader for everything read from disk
    {"cuda", "scan"},         // cuda implements scan's interface
}};

std::optional<Place> place_of(std::string_view path) {
  for (const Place& place : places) {
    if (path.starts_with(place.prefix)) return place;
  }
  return std::nullopt;
}

bool points_downward(const Place& from, const Place& to) {
  if (from.room == to.room || to.layer < from.layer) return true;
  return to.layer == from.layer && std::any_of(sibling_includes.begin(), sibling_includes.end(), [&](const auto& pair) {
           return pair[0] == from.room && pair[1] == to.room;
         });
}

struct Owner {
  std::string_view header;  // prefix of an include
  std::vector<std::string_view> folders;
};

// Which rooms may know which package.
const std::vector<Owner>& owners() {
  static const std::vector<Owner> list = {
      {"omp.h", {"src/core/executor.cpp"}},
      {"xsimd/", {"src/simd/"}},
      {"immintrin.h", {"src/simd/"}},
      {"x86intrin.h", {"src/simd/"}},
      {"cpuid.h", {"src/simd/"}},
      {"xxhash.h", {"src/storage/"}},
      {"faiss/", {"src/baselines/", "tests/baselines/"}},
      {"hnswlib/", {"src/baselines/", "tests/baselines/"}},
      {"hdf5.h", {"datasets/", "tests/support/"}},
      {"nlohmann/", {"datasets/", "bench/", "tests/"}},
      {"CLI/", {"bench/"}},
      {"cjson/", {"tools/engine/"}},
      {"mpi.h", {"tools/mpi/"}},
      {"ggml", {"tools/llama/", "tests/llama/"}},
      {"benchmark/", {"bench/micro/"}},
      {"cblas", {"bench/", "tests/"}},
      {"gtest/", {"tests/"}},
      {"gmock/", {"tests/"}},
      {"cuda", {"cuda/", "tests/cuda/"}},
  };
  return list;
}

TEST(Layers, EveryIncludePointsDownward) {
  for (const SourceFile& file : source_tree()) {
    if (!file.is_cpp()) continue;
    const std::optional<Place> from = place_of(file.path);
    ASSERT_TRUE(from) << file.path << " stands in no layer of tests/architecture/layers_test.cpp";
    for (const Include& include : file.includes) {
      const std::string target = included_path(file, include);
      if (target.empty()) continue;
      const std::optional<Place> to = place_of(target);
      ASSERT_TRUE(to) << target << " stands in no layer of tests/architecture/layers_test.cpp";
      EXPECT_TRUE(points_downward(*from, *to))
          << at(file, include.line) << from->room << " (L" << from->layer << ") includes " << target << " of "
          << to->room << " (L" << to->layer << ")";
    }
  }
}

TEST(Layers, QuotedIncludesAreOfThisTree) {
  for (const SourceFile& file : source_tree()) {
    for (const Include& include : file.includes) {
      if (!include.quoted) continue;
      EXPECT_FALSE(included_path(file, include).empty())
          << at(file, include.line) << "\"" << include.name << "\" is not in the tree";
    }
  }
}

TEST(Layers, PackagesStayInTheirRooms) {
  for (const SourceFile& file : source_tree()) {
    for (const Include& include : file.includes) {
      for (const Owner& owner : owners()) {
        if (include.quoted || !include.name.starts_with(owner.header)) continue;
        const bool allowed = std::any_of(owner.folders.begin(), owner.folders.end(),
                                         [&](std::string_view folder) { return file.path.starts_with(folder); });
        EXPECT_TRUE(allowed) << at(file, include.line) << "<" << include.name << "> belongs to "
                             << owner.folders.front();
      }
    }
  }
}

TEST(Layers, TheEngineKnowsRattanByItsCInterfaceAlone) {
  for (const SourceFile& file : source_tree()) {
    if (!file.in("tools/engine")) continue;
    for (const Include& include : file.includes) {
      const std::string target = included_path(file, include);
      EXPECT_TRUE(target.empty() || target == "include/rattan/c.h" || target.starts_with("tools/engine/"))
          << at(file, include.line) << target;
    }
  }
}

TEST(Layers, UpwardIncludesWouldBeSeen) {
  const Place scan{"", "scan", 2};
  const Place graph{"", "graph", 4};
  const Place simd{"", "simd", 1};
  const Place storage{"", "storage", 1};
  const Place datasets{"", "datasets", 1};
  EXPECT_FALSE(points_downward(scan, graph));
  EXPECT_TRUE(points_downward(graph, scan));
  EXPECT_FALSE(points_downward(simd, storage));
  EXPECT_TRUE(points_downward(datasets, storage));
  EXPECT_FALSE(points_downward(storage, datasets));
}

}  // namespace
}  // namespace rattan::test
