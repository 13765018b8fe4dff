#include "bench/inputs/baseline_kinds.h"

#include <gtest/gtest.h>

#include "index/registry.h"
#include "rattan/baselines.h"
#include "tests/support/errors.h"
#include "tests/support/matrices.h"

namespace rattan::bench {
namespace {

TEST(BaselineKinds, AreTheRegistrysRowsOfTheSameName) {
  std::vector<std::string> available;
  for (const IndexKind& kind : baseline_kinds()) {
    const IndexKind* const row = find_kind(kind.name);
    ASSERT_NE(row, nullptr) << kind.name;
    EXPECT_EQ(kind.open, row->open) << kind.name;
    EXPECT_EQ(kind.width.param, row->width.param) << kind.name;
    EXPECT_FALSE(row->available) << kind.name;
    if (kind.available) available.emplace_back(kind.name);
  }
  EXPECT_EQ(available, available_baselines());
}

TEST(BaselineKinds, WhatIsBuiltOfARowIsOfItsKind) {
  const BuildInputs inputs{.keys = test::checked(test::random_matrix(300, 8, 1))};
  for (const IndexKind& kind : baseline_kinds()) {
    if (!kind.available) continue;
    const auto index = kind.build(inputs, nullptr);
    EXPECT_EQ(index->kind(), kind.name);
    EXPECT_EQ(&kind_of(*index), find_kind(kind.name));
  }
}

TEST(BaselineKinds, TheRegistrysOwnRowsSayWhoBuilds) {
  const BuildInputs inputs{.keys = test::checked(test::random_matrix(300, 8, 1))};
  for (const IndexKind& kind : baseline_kinds()) {
    test::expect_error(ErrorCode::unsupported, "rattan::baselines",
                       [&] { find_kind(kind.name)->build(inputs, nullptr); });
  }
}

}  // namespace
}  // namespace rattan::bench
