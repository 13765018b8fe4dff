#include "context/query_evidence.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

class QueryEvidenceTest : public testing::Test {
 protected:
  void add(QueryEvidence& evidence, std::size_t begin, std::size_t count) const {
    const std::vector<MatrixView> rows{heads[0].view.slice(begin, count), heads[1].view.slice(begin, count)};
    std::vector<std::int64_t> positions(count);
    for (std::size_t i = 0; i < count; ++i) positions[i] = static_cast<std::int64_t>(10 + begin + i);
    evidence.add({rows, positions});
  }
  // Kept are the rows 0, step, 2 * step, ... below `end`.
  void expect_kept(const QueryEvidence& evidence, std::size_t step, std::size_t end) const {
    const QueryEvidence::Copy kept = evidence.copy();
    ASSERT_EQ(kept.positions.size(), (end + step - 1) / step);
    ASSERT_EQ(evidence.rows(), kept.positions.size());
    for (std::size_t i = 0; i < kept.positions.size(); ++i) {
      EXPECT_EQ(kept.positions[i], static_cast<std::int64_t>(10 + i * step));
      for (std::size_t h = 0; h < 2; ++h) {
        EXPECT_EQ(row_values(kept.heads[h], i), row_values(heads[h].view, i * step));
      }
    }
    EXPECT_EQ(evidence.bytes(), kept.positions.size() * 2 * 3 * 2);
  }

  std::vector<SharedMatrix> heads{random_matrix(200, 3, 1, DType::bf16), random_matrix(200, 3, 2, DType::bf16)};
};

TEST_F(QueryEvidenceTest, IsSpreadEvenlyHoweverItCame) {
  for (const std::size_t at_once : {1U, 7U, 200U}) {
    QueryEvidence evidence(3, 16);
    for (std::size_t i = 0; i < 200; i += at_once) add(evidence, i, std::min(at_once, 200 - i));
    expect_kept(evidence, 16, 200);
  }
  QueryEvidence few(3, 16);
  add(few, 0, 16);
  expect_kept(few, 1, 16);
  add(few, 16, 1);
  expect_kept(few, 2, 17);
}

// Of nothing an address would be one behind no memory (fuzz target context_life).
TEST_F(QueryEvidenceTest, WhatKeepsNothingViewsNoMemory) {
  QueryEvidence evidence(3, 16);
  add(evidence, 0, 5);
  evidence.truncate(10);
  const QueryEvidence::Copy kept = evidence.copy();
  ASSERT_EQ(kept.heads.size(), 2U);
  for (const MatrixView& head : kept.heads) {
    EXPECT_EQ(head.data, nullptr);
    EXPECT_EQ(head.rows, 0U);
    EXPECT_EQ(head.cols, 3U);
  }
  EXPECT_EQ(kept.since(0).rows, 0U);
}

TEST_F(QueryEvidenceTest, TruncationAndMoreAreAnotherHistory) {
  QueryEvidence evidence(3, 16);
  add(evidence, 0, 100);
  evidence.truncate(200);
  expect_kept(evidence, 8, 100);
  evidence.truncate(10 + 41);
  expect_kept(evidence, 8, 48);
  add(evidence, 48, 100);
  expect_kept(evidence, 16, 148);
}

TEST_F(QueryEvidenceTest, NoneIsKeptWhereNoneIsWanted) {
  QueryEvidence none(3, 0);
  add(none, 0, 20);
  EXPECT_EQ(none.rows(), 0U);
  EXPECT_EQ(none.bytes(5), 0U);
  QueryEvidence evidence(3, 16);
  EXPECT_EQ(evidence.bytes(400), 400 * 3 * 2U);
  add(evidence, 0, 20);
  EXPECT_EQ(evidence.bytes(4), (10 * 2 + 4) * 3 * 2U);
  EXPECT_EQ(evidence.bytes(400), 32 * 3 * 2U);
  evidence.forget();
  EXPECT_EQ(evidence.bytes(), 0U);
  EXPECT_EQ(evidence.copy().queries().rows(), 0U);
  add(evidence, 0, 5);
  expect_kept(evidence, 1, 5);
}

}  // namespace
}  // namespace rattan::test
