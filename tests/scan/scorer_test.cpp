#include "scan/scorer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan {
namespace {

constexpr std::size_t most_queries = 13;  // every remainder of four, with several passes

constexpr double tolerance = 1e-4;  // fp32 sums of up to 130 products of standard normal numbers

TEST(Scorer, MatchesDoubleForEveryMixOfTypes) {
  for (const Metric metric : test::all_metrics) {
    for (const DType key_type : test::all_dtypes) {
      for (const DType query_type : test::all_dtypes) {
        for (const std::size_t dim : {1U, 7U, 64U, 130U}) {
          const SharedMatrix keys = test::random_matrix(40, dim, 1, key_type, dim + 3);
          const SharedMatrix queries = test::at_offset(test::random_matrix(5, dim, 2, query_type).view, 1);
          const Scorer scorer(keys.view, metric);
          PreparedQueries prepared;
          scorer.prepare(queries.view, prepared);
          ASSERT_EQ(prepared.count(), 5U);

          const std::vector<KeyId> ids{39, 0, 7, 7, 12};
          std::vector<const void*> rows;
          std::vector<float> scores(5 * 8, 1e9F);
          scorer.score(prepared, ids, rows, scores.data(), 8);
          for (std::size_t q = 0; q < 5; ++q) {
            for (std::size_t i = 0; i < ids.size(); ++i) {
              ASSERT_NEAR(scores[q * 8 + i], test::reference_score(queries.view, q, keys.view, ids[i], metric),
                          tolerance)
                  << to_string(metric) << " keys " << to_string(key_type) << " dim " << dim;
            }
            ASSERT_EQ(scores[q * 8 + 5], 1e9F);
          }
        }
      }
    }
  }
}

TEST(Scorer, RangeAndListAgreeForEveryGroupSize) {
  for (const Metric metric : test::all_metrics) {
    for (const DType type : test::all_dtypes) {
      const SharedMatrix keys = test::random_matrix(50, 33, 3, type);
      const SharedMatrix queries = test::random_matrix(most_queries, 33, 4);
      const Scorer scorer(keys.view, metric);
      std::vector<const void*> rows;
      for (std::size_t group = 1; group <= most_queries; ++group) {
        PreparedQueries together;
        scorer.prepare(queries.view.slice(0, group), together);
        std::vector<float> scores(group * 31);
        scorer.score_range(together, 11, 31, rows, scores.data(), 31);
        for (std::size_t q = 0; q < group; ++q) {
          PreparedQueries alone;
          scorer.prepare(queries.view.slice(q, 1), alone);
          for (KeyId i = 0; i < 31; ++i) {
            const KeyId id = 11 + i;
            float score = 0;
            scorer.score(alone, {&id, 1}, rows, &score, 1);
            ASSERT_EQ(score, scores[q * 31 + i]) << "group " << group << " query " << q << " key " << id;
          }
        }
      }
    }
  }
}

TEST(PreparedQueries, AreFloatsOfFullPrecisionForEverySetAndType) {  // defect: bf16 kernels rounded queries
  for (const DType type : test::all_dtypes) {
    const SharedMatrix queries = test::random_matrix(3, 21, 5, type);
    for (const simd::Kernels* kernels : simd::runnable_kernels()) {
      PreparedQueries prepared;
      prepared.prepare(queries.view, *kernels);
      EXPECT_EQ(prepared.row(0), prepared.data());
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(prepared.data()) % cache_line, 0U);
      for (std::size_t q = 0; q < 3; ++q) {
        for (std::size_t col = 0; col < 21; ++col) {
          ASSERT_EQ(prepared.row(q)[col], test::element(queries.view, q, col));
        }
      }
    }
  }
}

TEST(PreparedQueries, MayBeReusedForOtherShapes) {
  const SharedMatrix keys = test::random_matrix(9, 16, 6);
  const SharedMatrix wide_keys = test::random_matrix(9, 40, 6);
  const SharedMatrix queries = test::random_matrix(8, 16, 7);
  const SharedMatrix wide_queries = test::random_matrix(1, 40, 7);
  PreparedQueries prepared;
  std::vector<const void*> rows;
  float scores[8] = {};
  Scorer(keys.view, Metric::inner_product).prepare(queries.view, prepared);
  const Scorer wide(wide_keys.view, Metric::inner_product);
  wide.prepare(wide_queries.view, prepared);
  wide.score_range(prepared, 4, 1, rows, scores, 1);
  EXPECT_NEAR(scores[0], test::reference_score(wide_queries.view, 0, wide_keys.view, 4), 1e-4);
}

}  // namespace
}  // namespace rattan
