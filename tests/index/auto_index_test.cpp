#include "index/auto_index.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "index/identity.h"
#include "rattan/exact_topk.h"
#include "storage/byte_writer.h"
#include "tests/support/errors.h"
#include "tests/support/files.h"
#include "tests/support/matrices.h"

namespace rattan {
namespace {

using test::expect_error;
using test::random_matrix;

struct Case {
  SharedMatrix keys = random_matrix(6000, 48, 1, DType::f16);
  SharedMatrix queries = random_matrix(32, 48, 2);
  std::vector<NeighborTable> links;
  AutoBuildParams params;

  Case() {
    const SharedMatrix prefill = random_matrix(2000, 48, 3);
    links.push_back(make_exact_topk_cpu()->find(prefill.view, keys.view, 16, Metric::inner_product));
    params.k = 10;
    params.group = 4;
  }
  std::unique_ptr<Index> build() const { return build_auto(keys, links, queries.view, Metric::inner_product, params); }
};

TEST(AutoIndex, ReachesTheWantedRecallAndSaysWhatItMeasured) {
  const Case test;
  BuildStats stats;
  const auto index = build_auto(test.keys, test.links, test.queries.view, Metric::inner_product, test.params, &stats);
  EXPECT_EQ(index->kind(), "auto");
  EXPECT_EQ(stats.stages.front().first, "codes");
  EXPECT_EQ(stats.stages.back().first, "calibrate");
  for (const char* part :
       {"chosen: ", "flat: ", "scan4: ", "graph: ", "wanted recall: 0.95 at k 10", "8 groups of 4"}) {
    EXPECT_NE(index->describe().find(part), std::string::npos) << part << " in\n" << index->describe();
  }
  SearchParams params;
  params.k = 10;
  params.group = 4;
  const NeighborTable found = index->search(test.queries.view, params);
  const NeighborTable truth = build_flat(test.keys)->search(test.queries.view, params);
  std::size_t hits = 0;
  for (std::size_t row = 0; row < 32; ++row) {
    for (const KeyId id : truth.ids(row))
      hits += static_cast<std::size_t>(std::count(found.ids(row).begin(), found.ids(row).end(), id));
  }
  EXPECT_GE(hits, 304U);  // 0.95 of 320
}

TEST(AutoIndex, SearchesAsTheChosenKindDoesWithTheWidthInProportionToK) {
  const SharedMatrix keys = random_matrix(5000, 32, 4);
  const SharedMatrix queries = random_matrix(4, 32, 5);
  const auto scan4 = build_scan4(keys);
  const AutoIndex index(test::checked(keys), Metric::inner_product, build_scan4(keys), {10, 25, "why\n"});
  for (const std::uint32_t k : {10U, 20U, 3U}) {
    SearchParams params;
    params.k = k;
    SearchParams inner = params;
    inner.rerank = (25 * k + 9) / 10;
    EXPECT_EQ(index.search(queries.view, params), scan4->search(queries.view, inner)) << k;
    params.rerank = 200;
    EXPECT_EQ(index.search(queries.view, params), scan4->search(queries.view, params)) << k;
  }
  EXPECT_EQ(index.memory().total(), scan4->memory().total());
  EXPECT_EQ(index.describe(), "why\n" + scan4->describe());
}

TEST(AutoIndex, EveryChosenKindIsSavedAndOpened) {
  const Case test;
  const test::TempDirectory folder;
  SearchParams params;
  params.k = 10;
  params.group = 2;
  for (int kind = 0; kind < 3; ++kind) {
    std::unique_ptr<Index> chosen = kind == 0   ? build_flat(test.keys)
                                    : kind == 1 ? build_scan4(test.keys)
                                                : build_graph(test.keys, test.links);
    const std::string name(chosen->kind());
    const AutoIndex index(test::checked(test.keys), Metric::inner_product, std::move(chosen),
                          {10, 30, "reason", {0.5F, 2.0F}});
    index.save(folder / name);
    const auto opened = open_index(folder / name, test.keys);
    EXPECT_EQ(opened->kind(), "auto");
    EXPECT_EQ(dynamic_cast<const AutoIndex&>(*opened).chosen().kind(), name);
    EXPECT_EQ(opened->describe(), index.describe());
    EXPECT_EQ(opened->search(test.queries.view, params), index.search(test.queries.view, params));
  }
}

TEST(AutoIndex, AForeignKindInsideIsCorrupt) {
  const SharedMatrix keys = random_matrix(10, 4, 6);
  const test::TempDirectory folder;
  ContainerWriter writer("auto");
  add_identity(writer, *build_flat(keys));
  ByteWriter choice;
  choice.u32(4);
  choice.array(std::vector<char>{'a', 'u', 't', 'o'});
  choice.u32(10);
  choice.u32(0);
  choice.u32(0);
  writer.add("choice", choice.take());
  writer.save(folder / "file");
  expect_error(ErrorCode::corrupt, "chosen kind is \"auto\"", [&] { open_index(folder / "file", keys); });
}

TEST(AutoIndex, WithoutLinksThereIsNoGraphAmongTheCandidates) {
  Case test;
  test.links.clear();
  EXPECT_EQ(test.build()->describe().find("graph"), std::string::npos);
}

TEST(AutoIndex, CalibrationAndParametersAreChecked) {
  Case test;
  test.queries = random_matrix(6, 48, 2);
  expect_error(ErrorCode::invalid_argument, "calibration has 6 rows", [&] { test.build(); });
  test.queries = random_matrix(0, 48, 2);
  expect_error(ErrorCode::invalid_argument, "calibration has 0 rows", [&] { test.build(); });
  test.queries = random_matrix(4, 47, 2);
  expect_error(ErrorCode::invalid_argument, "calibration has dim 47, allowed is 48", [&] { test.build(); });
  test.params.recall = 0;
  expect_error(ErrorCode::invalid_argument, "AutoBuildParams::recall is 0", [&] { test.build(); });
  test.params.recall = 1.5;
  expect_error(ErrorCode::invalid_argument, "AutoBuildParams::recall is 1.5", [&] { test.build(); });
  test.params.recall = 0.9;
  test.params.k = 0;
  expect_error(ErrorCode::invalid_argument, "AutoBuildParams::k is 0", [&] { test.build(); });
}

}  // namespace
}  // namespace rattan
