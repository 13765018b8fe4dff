#include "scan/code_scorer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan::test {
namespace {

// Every score against <q, k'> - <q, offsets> in double, within the rounding of the query that the header states and,
// for 8 bits, of sums beyond 2^24 in fp32.
void expect_dequantised(const KeyCodes& codes, const MatrixView& queries) {
  const CodeScorer scorer(codes, simd::kernels());
  PreparedCodeQueries prepared;
  scorer.prepare(queries, prepared);
  ASSERT_EQ(prepared.count(), queries.rows);
  std::vector<const void*> rows;
  std::vector<float> scores(queries.rows * codes.rows());
  scorer.score(prepared, all_ids(codes.rows()), rows, scores.data(), codes.rows());
  // In double: scale() is the same in fp32, which huge numbers leave.
  const auto largest_step = [&](std::size_t q) {
    double largest = 0;
    for (std::size_t c = 0; c < codes.dim(); ++c) {
      largest = std::max(largest, std::abs(element(queries, q, c) * double{codes.parts()[0].steps[c]}));
    }
    return largest == 0 ? 1.0 : largest / (codes.layout() == CodeLayout::rows8 ? 127 * 128 : 127);
  };
  for (std::size_t q = 0; q < queries.rows; ++q) {
    EXPECT_EQ(prepared.scale(q), static_cast<float>(largest_step(q)));
    for (std::size_t key = 0; key < codes.rows(); ++key) {
      double expected = 0;
      double sum_of_codes = 0;
      for (std::size_t c = 0; c < codes.dim(); ++c) {
        const unsigned code = codes.code(static_cast<KeyId>(key), c);
        expected += element(queries, q, c) * double{codes.parts()[0].steps[c]} * code;
        sum_of_codes += code;
      }
      const double score = scores[q * codes.rows() + key];
      ASSERT_TRUE(std::isfinite(score));
      ASSERT_GE(score, prepared.lowest(q) - std::abs(prepared.lowest(q)) * 0x1p-22);
      ASSERT_LE(score, prepared.highest(q) + std::abs(prepared.highest(q)) * 0x1p-22);
      const double allowed = 0.5 * sum_of_codes + 3 * 0x1p-24 * std::abs(score) + 1e-6;
      ASSERT_LE(std::abs(score - expected / largest_step(q)), allowed) << "query " << q << ", key " << key;
    }
  }
}

TEST(CodeScorer, ScoresAreThoseOfTheDequantisedKeys) {
  for (const CodeLayout layout : {CodeLayout::rows4, CodeLayout::rows8}) {
    for (std::size_t dim = 1; dim <= 130; ++dim) {
      const SharedMatrix keys = random_matrix(11, dim, dim, DType::f16);
      const SharedMatrix queries = random_matrix(1 + dim % 8, dim, 500 + dim, all_dtypes[dim % 3]);
      expect_dequantised(KeyCodes(keys.view, layout, serial_executor()), queries.view);
    }
  }
}

TEST(CodeScorer, HugeNumbersAndZeroQueries) {
  for (const float size : {65504.0F, 1e30F, 3e38F}) {
    std::vector<float> values(6 * 9);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = (i % 2 == 0 ? size : -size) / static_cast<float>(1 + i);
    const SharedMatrix keys = make_matrix(values, 6, 9);
    for (const CodeLayout layout : {CodeLayout::rows4, CodeLayout::rows8}) {
      const KeyCodes codes(keys.view, layout, serial_executor());
      expect_dequantised(codes, keys.view.slice(0, 3));
      expect_dequantised(codes, make_matrix(std::vector<float>(9, 0.0F), 1, 9).view);
    }
  }
}

TEST(CodeScorer, BlocksGiveTheScoresOfRows) {
  constexpr std::size_t keys_count = 75;
  const SharedMatrix keys = random_matrix(keys_count, 100, 1);
  const SharedMatrix queries = random_matrix(5, 100, 2);
  const KeyCodes rows(keys.view, CodeLayout::rows4, serial_executor());
  const KeyCodes blocks(keys.view, CodeLayout::blocks4, serial_executor());
  std::vector<const void*> pointers;
  PreparedCodeQueries prepared;
  CodeScorer(rows, simd::kernels()).prepare(queries.view, prepared);
  std::vector<float> expected(5 * keys_count);
  CodeScorer(rows, simd::kernels()).score(prepared, all_ids(keys_count), pointers, expected.data(), keys_count);
  for (const std::size_t first : {0U, 1U, 4U}) {
    std::vector<float> scores(5 * 80);
    CodeScorer(blocks, simd::kernels()).score_blocks(prepared, 0, first, 5 - first, scores.data(), 80);
    for (std::size_t q = 0; q < 5; ++q) {
      for (std::size_t key = 16 * first; key < keys_count; ++key) {
        ASSERT_EQ(scores[q * 80 + key - 16 * first], expected[q * keys_count + key]) << first << ' ' << q << ' ' << key;
      }
    }
  }
}

TEST(CodeScorer, EightBitsFindTheBestKeys) {
  const SharedMatrix keys = random_matrix(500, 64, 1);
  const SharedMatrix queries = random_matrix(8, 64, 2);
  const KeyCodes codes(keys.view, CodeLayout::rows8, serial_executor());
  const CodeScorer scorer(codes, simd::kernels());
  PreparedCodeQueries prepared;
  scorer.prepare(queries.view, prepared);
  std::vector<const void*> rows;
  std::vector<float> scores(8 * 500);
  scorer.score(prepared, all_ids(500), rows, scores.data(), 500);
  const NeighborTable truth = reference_topk(queries.view, keys.view, 1);
  for (std::size_t q = 0; q < 8; ++q) {
    std::size_t better = 0;
    for (std::size_t key = 0; key < 500; ++key) better += scores[q * 500 + key] > scores[q * 500 + truth.ids(q)[0]];
    EXPECT_LE(better, 2U) << q;
  }
}

}  // namespace
}  // namespace rattan::test
