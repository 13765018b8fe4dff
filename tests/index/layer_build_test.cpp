#include "rattan/layer_build.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>

#include "tests/support/errors.h"
#include "tests/support/files.h"
#include "tests/support/matrices.h"

namespace rattan {
namespace {

constexpr std::size_t heads = 4;

// Head h has its own keys and two query heads; odd heads are causal.
LayerHead head_of(std::size_t head) {
  LayerHead made;
  made.keys = test::random_matrix(300 + 10 * head, 16, 3 * head + 1, DType::bf16);
  for (std::size_t i = 0; i < 2; ++i) {
    made.queries.push_back(test::random_matrix(200, 16, 100 + 3 * head + i, DType::bf16));
  }
  for (std::int64_t row = 0; head % 2 == 1 && row < 200; ++row) made.positions.push_back(50 + row);
  return made;
}

LayerBuildParams params_of(bool overlap) {
  LayerBuildParams params;
  params.links_k = 12;
  params.graph.max_degree = 8;
  params.graph.entry_points = 5;
  params.overlap = overlap;
  return params;
}

std::string saved(const Index& index) {
  const test::TempDirectory folder;
  index.save(folder.path() / "graph.rattan");
  return test::read_file(folder.path() / "graph.rattan");
}

std::string one_by_one(std::size_t head, const ExactTopK& exact) {
  const LayerHead made = head_of(head);
  std::vector<NeighborTable> links;
  for (const SharedMatrix& queries : made.queries) {
    links.push_back(exact.find(queries.view, made.keys.view, 12, Metric::inner_product,
                               {.range = {}, .positions = made.positions}));
  }
  return saved(*build_graph(made.keys, links, Metric::inner_product, params_of(true).graph));
}

TEST(LayerBuild, GivesTheBytesOfHeadsBuiltOneByOne) {
  const auto exact = make_exact_topk_cpu();
  for (const bool overlap : {true, false}) {
    std::size_t taken = 0;
    build_layer(heads, head_of, *exact, params_of(overlap),
                [&](std::size_t head, std::unique_ptr<Index> graph, const BuildStats&) {
                  EXPECT_EQ(head, taken++);
                  EXPECT_EQ(saved(*graph), one_by_one(head, *exact)) << "head " << head << " overlap " << overlap;
                });
    EXPECT_EQ(taken, heads);
  }
}

TEST(LayerBuild, SaysWhatEveryStageTook) {
  const auto exact = make_exact_topk_cpu();
  build_layer(1, head_of, *exact, params_of(true), [&](std::size_t, std::unique_ptr<Index>, const BuildStats& stats) {
    ASSERT_GE(stats.stages.size(), 4U);
    EXPECT_EQ(stats.stages[0].first, "load");
    EXPECT_EQ(stats.stages[1].first, "links");
    EXPECT_EQ(stats.stages[2].first, "wait");
  });
}

TEST(LayerBuild, TheNextHeadIsLinkedByAnotherThreadOnlyWithOverlap) {
  const auto exact = make_exact_topk_cpu();
  for (const bool overlap : {true, false}) {
    const auto caller = std::this_thread::get_id();
    const auto load = [&](std::size_t head) {
      EXPECT_EQ(std::this_thread::get_id() != caller, overlap);
      return head_of(head);
    };
    build_layer(2, load, *exact, params_of(overlap), [](std::size_t, std::unique_ptr<Index>, const BuildStats&) {});
  }
}

TEST(LayerBuild, MayHaveNoHeads) {
  build_layer(0, head_of, *make_exact_topk_cpu(), params_of(true),
              [](std::size_t, std::unique_ptr<Index>, const BuildStats&) { FAIL(); });
}

TEST(LayerBuild, WhatIsThrownAnywhereReachesTheCaller) {
  const auto exact = make_exact_topk_cpu();
  const auto ignore = [](std::size_t, std::unique_ptr<Index>, const BuildStats&) {};
  for (const bool overlap : {true, false}) {
    std::size_t taken = 0;
    const auto fails_to_load = [](std::size_t head) {
      if (head == 2) throw std::runtime_error("no head 2");
      return head_of(head);
    };
    EXPECT_THROW(build_layer(heads, fails_to_load, *exact, params_of(overlap),
                             [&](std::size_t, std::unique_ptr<Index>, const BuildStats&) { ++taken; }),
                 std::runtime_error);
    EXPECT_EQ(taken, 2U);

    const auto disagrees = [](std::size_t head) {
      LayerHead made = head_of(head);
      if (head == 1) made.queries[0] = test::random_matrix(20, 17, 5, DType::bf16);
      return made;
    };
    test::expect_error(ErrorCode::invalid_argument, "cols is 17",
                       [&] { build_layer(heads, disagrees, *exact, params_of(overlap), ignore); });

    LayerBuildParams wrong = params_of(overlap);
    wrong.graph.max_degree = 1;
    test::expect_error(ErrorCode::invalid_argument, "max_degree",
                       [&] { build_layer(heads, head_of, *exact, wrong, ignore); });

    EXPECT_THROW(
        build_layer(heads, head_of, *exact, params_of(overlap),
                    [](std::size_t, std::unique_ptr<Index>, const BuildStats&) { throw std::logic_error("full"); }),
        std::logic_error);
  }
}

}  // namespace
}  // namespace rattan
