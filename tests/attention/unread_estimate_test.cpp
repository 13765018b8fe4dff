#include "attention/unread_estimate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "attention/retrieved_part.h"
#include "tests/attention/clustered_keys.h"
#include "tests/support/errors.h"
#include "tests/support/reference.h"

namespace rattan::test {
namespace {

// One object carries what is unread, the uncertainty, and what attention over all needs.
TEST(UnreadEstimate, SaysWhatAttentionAddsUp) {
  const SharedMatrix keys = random_matrix(400, 8, 1);
  const SharedMatrix queries = random_matrix(2, 8, 2);
  const KeyClusters clusters(test::checked(keys), test::checked(keys), 0, {});
  const KeyClusters* const blocks[] = {&clusters};
  UnreadEstimate estimate;
  estimate.prepare(queries.view, blocks, 0.4);
  EXPECT_FALSE(estimate.empty());
  EXPECT_EQ(estimate.scale(), 0.4);
  const std::vector<KeyId> ids = {9, 8, 7};
  const std::vector<float> scores = {3, 2, 1};
  const std::vector<Retrieved> retrieved = {{ids, scores}};
  std::vector<RowWeights> weights(1);
  estimate.weigh(1, retrieved.front(), weights.front());
  std::vector<float> output(8);
  std::vector<AttentionPart> parts = {{output}};
  AttentionScratch scratch;
  attend_retrieved(retrieved, weights, blocks, keys.view, parts, scratch);
  const double retrieved_mass = std::exp(0.4 * 3) + std::exp(0.4 * 2) + std::exp(0.4 * 1);
  EXPECT_NEAR(weights.front().retrieved_lse(), std::log(retrieved_mass), 1e-6);
  EXPECT_NEAR(parts.front().lse, std::log(retrieved_mass + std::exp(static_cast<double>(weights.front().unread_lse()))),
              1e-6);
}

TEST(UnreadEstimate, WhatWasWeighedBeforeChangesNothing) {
  const SharedMatrix keys = random_matrix(400, 8, 1);
  const SharedMatrix queries = random_matrix(2, 8, 2);
  const KeyClusters clusters(test::checked(keys), test::checked(keys), 0, {});
  const KeyClusters few(test::checked(keys).slice(0, 100), test::checked(keys).slice(0, 100), 0, {.clusters = 3});
  const KeyClusters* const blocks[] = {&clusters};
  const KeyClusters* const others[] = {&few};
  const std::vector<KeyId> ids = {9, 8, 7};
  const std::vector<float> scores = {3, 2, 1};
  UnreadEstimate fresh;
  fresh.prepare(queries.view, blocks, 0.4);
  RowWeights first;
  fresh.weigh(0, {ids, scores}, first);
  UnreadEstimate used;
  RowWeights second;
  used.prepare(queries.view.slice(0, 1), others, 0.2);
  used.weigh(0, {}, second);
  used.prepare(queries.view, blocks, 0.4);
  used.weigh(1, {ids, scores}, second);
  used.weigh(0, {ids, scores}, second);
  EXPECT_EQ(first.unread_lse(), second.unread_lse());
  EXPECT_EQ(first.uncertainty_lse(), second.uncertainty_lse());
  EXPECT_EQ(first.retrieved, second.retrieved);
  EXPECT_EQ(first.unread, second.unread);
  EXPECT_EQ(first.masses, second.masses);
  EXPECT_EQ(first.clusters, second.clusters);
}

TEST(UnreadEstimate, WithoutClustersThereIsNone) {
  const SharedMatrix queries = random_matrix(1, 8, 2);
  UnreadEstimate estimate;
  estimate.prepare(queries.view, {}, 0.4);
  EXPECT_TRUE(estimate.empty());
  const std::vector<KeyId> ids = {9};
  const std::vector<float> scores = {3};
  RowWeights weights;
  RowWeights alone;
  estimate.weigh(0, {ids, scores}, weights);
  weigh_retrieved({ids, scores}, 0.4, alone);
  EXPECT_EQ(weights.lse(), alone.lse());
  EXPECT_EQ(weights.unread_lse(), log_of_nothing);
  EXPECT_EQ(weights.uncertainty_lse(), log_of_nothing);
}

// FAULTS D7: logits whose variance is beyond fp32, of keys and queries as large as a context takes.
TEST(UnreadEstimate, D7_UncertaintyOfTheLargestNumbersIsANumber) {
  const std::size_t dim = 8;
  std::vector<float> signs;
  for (std::size_t i = 0; i < 200 * dim; ++i)
    signs.push_back((i * 2654435761U >> 7) % 2 == 0 ? 16777215.0F : -16777215.0F);
  const SharedMatrix keys = make_matrix(signs, 200, dim);
  const KeyClusters clusters(test::checked(keys), test::checked(keys), 0, {.clusters = 4});
  const KeyClusters* const blocks[] = {&clusters};
  UnreadEstimate estimate;
  estimate.prepare(keys.view.slice(0, 1), blocks, 65536.0);
  const std::vector<KeyId> ids = {0};
  const std::vector<float> scores = {static_cast<float>(reference_score(keys.view, 0, keys.view, 0))};
  RowWeights weights;
  estimate.weigh(0, {ids, scores}, weights);
  EXPECT_TRUE(weights.uncertainty_lse() < std::numeric_limits<float>::infinity()) << weights.uncertainty_lse();
  EXPECT_TRUE(std::isfinite(weights.lse()));
}

TEST(UnreadEstimate, UncertaintyIsAboutTheErrorAndNoneWithoutSpread) {
  const SharedMatrix queries = random_matrix(1, 16, 3);
  UnreadEstimate estimate;
  const SharedMatrix equal = repeated(12, 40, 16);
  const KeyClusters exact(test::checked(equal), test::checked(equal), 0, {.clusters = 12, .iterations = 20, .seed = 3});
  const SharedMatrix keys = random_matrix(2000, 16, 1);
  const KeyClusters spread(test::checked(keys), test::checked(keys), 0, {.clusters = 100});
  const auto uncertainty_of = [&](const KeyClusters& clusters, MatrixView all) {
    const auto ids = best_of(queries.view, 0, all, 50);
    const auto scores = scores_of(queries.view, 0, all, ids);
    const KeyClusters* const blocks[] = {&clusters};
    estimate.prepare(queries.view, blocks, 0.5);
    RowWeights weights;
    estimate.weigh(0, {ids, scores}, weights);
    return weights.uncertainty_lse() - weights.unread_lse();
  };
  EXPECT_LT(uncertainty_of(exact, equal.view), std::log(0.02));
  EXPECT_GT(uncertainty_of(spread, keys.view), std::log(0.02));
  EXPECT_LT(uncertainty_of(spread, keys.view), std::log(0.2));
}

}  // namespace
}  // namespace rattan::test
