#include "bench/inputs/kinds.h"

#include <gtest/gtest.h>

#include <set>

#include "bench/inputs/usage_error.h"
#include "tests/bench/groups.h"

namespace rattan::bench {
namespace {

TEST(Kinds, NamesAreUnique) {
  std::set<std::string_view> names;
  for (const Variant& variant : variants()) {
    EXPECT_TRUE(names.insert(variant.name).second) << variant.name;
    EXPECT_FALSE(variant.meaning.empty());
    EXPECT_EQ(variant.name.substr(0, variant.name.find(':')), variant.build.name);
  }
}

TEST(Kinds, ListsKeepTheirOrderAndDropRepeats) {
  const std::vector<Variant> chosen = parse_variants("graph,flat,graph,ivf:group");
  ASSERT_EQ(chosen.size(), 3U);
  EXPECT_EQ(chosen[0].name, "graph");
  EXPECT_TRUE(chosen[0].with_start_keys);
  EXPECT_EQ(chosen[2].name, "ivf:group");
  EXPECT_TRUE(chosen[2].group);
}

TEST(Kinds, AnUnknownNameListsTheKnownOnes) {
  for (const char* list : {"annoy", "", "flat,,ivf", "Flat"}) {
    try {
      parse_variants(list);
      ADD_FAILURE() << list << " was taken";
    } catch (const UsageError& error) {
      EXPECT_NE(std::string(error.what()).find("graph:single"), std::string::npos) << error.what();
    }
  }
}

TEST(Kinds, EveryAvailableKindIsBuilt) {
  const auto exact = make_exact_topk_cpu(&serial_executor());
  const HeadProblem problem = make_problem(test::small_group(), {.k = 5, .queries = 2}, *exact);
  BuildOptions options;
  set_build_run(options, 5, &serial_executor());
  EXPECT_EQ(options.graph.seed, 5U);
  for (const BuildKind kind :
       {BuildKind{"flat"}, BuildKind{"ivf"}, BuildKind{"hnsw"}, BuildKind{"hnsw", true}, BuildKind{"graph"}}) {
    if (!is_available({.name = kind.name, .build = kind})) {
      continue;
    }
    const std::vector<BuiltIndex> built = build_indexes(kind, problem, options, *exact);
    ASSERT_EQ(built.size(), kind.name == "ivf" ? 2U : 1U);
    for (const BuiltIndex& index : built) {
      EXPECT_EQ(index.index->kind(), kind.group_walk ? "graph" : kind.name);
      EXPECT_EQ(index.index->size(), problem.keys.view.rows);
      EXPECT_GE(index.max_setting, 1U);
    }
    if (kind.name == "ivf") {
      EXPECT_EQ(built[0].label, "plain");
      EXPECT_EQ(built[1].label, "spherical");
    }
    if (kind.name == "graph") {
      EXPECT_EQ(built[0].stats.stages.front().first, "links");
    }
  }
}

}  // namespace
}  // namespace rattan::bench
