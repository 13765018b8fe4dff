#include "scan/rerank.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan {
namespace {

TEST(Rerank, ReadsEachAddedKeyOnceAndKeepsTheBest) {
  for (const DType dtype : test::all_dtypes) {
    const SharedMatrix keys = test::random_matrix(200, 33, 1, dtype);
    const SharedMatrix queries = test::random_matrix(3, 33, 2);
    const Scorer scorer(keys.view, Metric::inner_product);
    PreparedQueries prepared;
    scorer.prepare(queries.view, prepared);
    Rerank rerank;
    std::vector<TopK> results;
    // The second round must not remember the first.
    for (const KeyId first : {0U, 100U}) {
      rerank.start(scorer);
      for (KeyId key = first; key < first + 50; ++key) rerank.add(key);
      for (KeyId key = first; key < first + 50; key += 2) rerank.add(key);
      EXPECT_EQ(rerank.finish(prepared, 7, results), 50U);
      ASSERT_EQ(results.size(), 3U);
      const NeighborTable truth =
          test::reference_topk(queries.view, keys.view.slice(first, 50), 7, Metric::inner_product);
      for (std::size_t row = 0; row < 3; ++row) {
        const auto best = results[row].sorted();
        ASSERT_EQ(best.size(), 7U);
        for (std::size_t i = 0; i < 7; ++i) EXPECT_NEAR(best[i].score, truth.scores(row)[i], 0.2);
      }
    }
  }
}

TEST(Rerank, TakesWhatABeamKeepsButNotAllTies) {
  const SharedMatrix keys = test::random_matrix(1000, 4, 3);
  const SharedMatrix query = test::random_matrix(1, 4, 4);
  const Scorer scorer(keys.view, Metric::inner_product);
  PreparedQueries prepared;
  scorer.prepare(query.view, prepared);
  Rerank rerank;
  std::vector<TopK> results;
  BucketBeam beam;
  beam.reset(10, 0, 4096);
  for (KeyId key = 0; key < 1000; ++key) beam.insert(static_cast<float>(key), key);
  rerank.start(scorer);
  rerank.add_kept(beam, 10);
  EXPECT_EQ(rerank.finish(prepared, 5, results), 10U);
  beam.reset(10, 0, 4096);
  for (KeyId key = 0; key < 1000; ++key) beam.insert(7, key);
  rerank.start(scorer);
  rerank.add_kept(beam, 10);
  EXPECT_EQ(rerank.finish(prepared, 5, results), 10U);
  EXPECT_EQ(results[0].best().size(), 5U);
}

TEST(Rerank, WithoutKeysThereAreNoResults) {
  const SharedMatrix keys = test::random_matrix(5, 4, 5);
  const Scorer scorer(keys.view, Metric::inner_product);
  PreparedQueries prepared;
  scorer.prepare(keys.view.slice(0, 1), prepared);
  Rerank rerank;
  std::vector<TopK> results;
  rerank.start(scorer);
  EXPECT_EQ(rerank.finish(prepared, 3, results), 0U);
  EXPECT_TRUE(results[0].sorted().empty());
}

}  // namespace
}  // namespace rattan
