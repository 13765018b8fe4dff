#include "tools/llama/query_evidence.h"

#include <gtest/gtest.h>

#include "core/half.h"

namespace rattan::llama {
namespace {

TEST(QueryEvidence, StaysEvenlySpacedAndBounded) {
  QueryEvidence evidence(2, 1, 8);
  std::vector<float> queries;
  for (std::size_t i = 0; i < 40; ++i) queries.insert(queries.end(), {static_cast<float>(i), -static_cast<float>(i)});
  evidence.add(0, 15, queries.data());
  evidence.add(15, 25, queries.data() + 30);
  EXPECT_EQ(std::vector(evidence.positions().begin(), evidence.positions().end()),
            (std::vector<std::int64_t>{0, 8, 16, 24, 32}));
  const std::vector<MatrixView> heads = evidence.matrices();
  ASSERT_EQ(heads.size(), 2U);
  ASSERT_EQ(heads[1].rows, 5U);
  EXPECT_EQ(from_bf16(*static_cast<const std::uint16_t*>(heads[1].row(3))), -24.0F);
}

TEST(QueryEvidence, CutForgetsLaterTokens) {
  QueryEvidence evidence(1, 2, 100);
  const std::vector<float> queries(20, 1.0F);
  evidence.add(5, 10, queries.data());
  evidence.cut(8);
  EXPECT_EQ(evidence.positions().size(), 3U);
  evidence.add(8, 2, queries.data());
  EXPECT_EQ(evidence.positions().back(), 9);
  EXPECT_EQ(evidence.matrices()[0].rows, 5U);
}

}  // namespace
}  // namespace rattan::llama
