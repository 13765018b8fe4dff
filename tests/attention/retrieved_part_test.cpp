#include "attention/retrieved_part.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <vector>

#include "attention/unread_estimate.h"
#include "core/grown_rows.h"
#include "tests/attention/clustered_keys.h"
#include "tests/support/allocations.h"
#include "tests/support/errors.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan::test {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

double unread_lse(MatrixView queries, std::size_t row, MatrixView keys, const std::vector<KeyId>& read, double scale) {
  std::vector<KeyId> others;
  for (const KeyId id : all_ids(keys.rows)) {
    if (std::ranges::find(read, id) == read.end()) others.push_back(id);
  }
  return reference_attention(queries, row, keys, keys, others, scale).lse;
}

// What is attended of a group, and estimated.
struct Group {
  std::vector<float> outputs, unread;
  std::vector<AttentionPart> parts;

  Group(std::size_t rows, std::size_t dim) : outputs(rows * dim, 7.0F), unread(rows, 7.0F) {
    for (std::size_t i = 0; i < rows; ++i) parts.push_back({std::span(outputs).subspan(i * dim, dim)});
  }
};

Group attend(MatrixView queries, const SplitRows& values, const std::vector<std::vector<KeyId>>& ids,
             const std::vector<std::vector<float>>& scores, std::vector<const KeyClusters*> clusters, double scale) {
  Group group(queries.rows, values.cols());
  std::vector<Retrieved> retrieved;
  for (std::size_t row = 0; row < ids.size(); ++row) retrieved.push_back({ids[row], scores[row]});
  UnreadEstimate estimate;
  estimate.prepare(queries, clusters, scale);
  std::vector<RowWeights> weights(queries.rows);
  for (std::size_t row = 0; row < ids.size(); ++row) {
    estimate.weigh(row, retrieved[row], weights[row]);
    group.unread[row] = weights[row].unread_lse();
  }
  AttentionScratch scratch;
  attend_retrieved(retrieved, weights, clusters, values, group.parts, scratch);
  for (std::size_t row = 0; row < ids.size(); ++row) EXPECT_EQ(group.parts[row].lse, weights[row].lse());
  return group;
}

TEST(AttendRetrieved, ClustersOfEqualKeysAreExact) {
  const SharedMatrix keys = repeated(12, 40, 16);
  const SharedMatrix values = repeated(12, 40, 9);
  const SharedMatrix queries = random_matrix(3, 16, 3);
  const KeyClusters clusters(test::checked(keys), test::checked(values), 0,
                             {.clusters = 12, .iterations = 20, .seed = 3});
  for (const std::size_t count : {0U, 1U, 17U, 300U, 479U, 480U}) {
    std::vector<std::vector<KeyId>> ids;
    std::vector<std::vector<float>> scores;
    for (std::size_t row = 0; row < 3; ++row) {
      ids.push_back(best_of(queries.view, row, keys.view, count));
      scores.push_back(scores_of(queries.view, row, keys.view, ids.back()));
    }
    const Group group = attend(queries.view, values.view, ids, scores, {&clusters}, 0.5);
    for (std::size_t row = 0; row < 3; ++row) {
      const auto truth = reference_attention(queries.view, row, keys.view, values.view, all_ids(480), 0.5);
      EXPECT_NEAR(group.parts[row].lse, truth.lse, 2e-3) << count;
      for (std::size_t c = 0; c < 9; ++c) EXPECT_NEAR(group.parts[row].output[c], truth.output[c], 3e-3) << count;
      const double unread = unread_lse(queries.view, row, keys.view, ids[row], 0.5);
      if (count == 480) {
        EXPECT_EQ(group.unread[row], -infinity);
      } else {
        EXPECT_NEAR(group.unread[row], unread, 2e-3) << count;
      }
    }
  }
}

// Issue 11, B8: what is estimated of values scales with them.
TEST(AttendRetrieved, ValuesOfAnySizeChangeTheOutputByTheirSizeAlone) {
  const SharedMatrix keys = random_matrix(2000, 16, 1);
  const SharedMatrix queries = random_matrix(2, 16, 3);
  std::vector<std::vector<KeyId>> ids;
  std::vector<std::vector<float>> scores;
  for (std::size_t row = 0; row < 2; ++row) {
    ids.push_back(best_of(queries.view, row, keys.view, 50));
    scores.push_back(scores_of(queries.view, row, keys.view, ids.back()));
  }
  std::vector<float> expected;
  for (const int exponent : {0, -100, -40, -20, -1, 1, 17, 20, 40, 100}) {
    const SharedMatrix values = random_matrix(2000, 9, 2);
    for (std::size_t row = 0; row < 2000; ++row) {
      for (std::size_t c = 0; c < 9; ++c) {
        set_element(values, row, c, static_cast<float>(std::ldexp(element(values.view, row, c), exponent)));
      }
    }
    const KeyClusters clusters(test::checked(keys), test::checked(values), 0, {.clusters = 40});
    std::vector<float> found = attend(queries.view, values.view, ids, scores, {&clusters}, 0.3).outputs;
    for (float& x : found) x = std::ldexp(x, -exponent);
    if (exponent == 0) expected = found;
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-4) << exponent;
  }
}

// Issue 11, B4: an outlier, retrieved or not, leaves the estimate what it is without; also where the clusters' sample
// has missed it.
TEST(AttendRetrieved, OneKeyOfManyTimesTheOthersNormSpoilsNoEstimate) {
  const SharedMatrix values = random_matrix(4000, 9, 2);
  const SharedMatrix queries = random_matrix(1, 16, 3);
  double usual = 0;
  for (const float size : {1.0F, -1.0F, -32.0F, -1000.0F, -1e15F, 32.0F, 1000.0F, 1e15F}) {
    const SharedMatrix keys = random_matrix(4000, 16, 1);
    for (std::size_t c = 0; c < 16; ++c) {
      const double towards = element(queries.view, 0, c) < 0 ? -1 : 1;
      set_element(keys, 1717, c, size * static_cast<float>(towards));
    }
    const KeyClusters clusters(test::checked(keys), test::checked(values), 0, {.clusters = 20});
    const std::vector<std::vector<KeyId>> ids{best_of(queries.view, 0, keys.view, 100)};
    const std::vector<std::vector<float>> scores{scores_of(queries.view, 0, keys.view, ids[0])};
    const Group group = attend(queries.view, values.view, ids, scores, {&clusters}, 0.5);
    const auto truth = reference_attention(queries.view, 0, keys.view, values.view, all_ids(4000), 0.5);
    double error = 0;
    for (std::size_t c = 0; c < 9; ++c) {
      error = std::max(error, std::abs(static_cast<double>(group.parts[0].output[c]) - truth.output[c]));
    }
    if (std::abs(size) == 1) usual = std::max(usual, error);
    EXPECT_LE(error, usual + 0.01) << size;
    EXPECT_LE(std::abs(static_cast<double>(group.parts[0].lse) - truth.lse), 0.3 + 1e-6 * std::abs(truth.lse)) << size;
  }
}

TEST(AttendRetrieved, EverythingRetrievedIsExact) {
  const SharedMatrix keys = random_matrix(200, 16, 1);
  const SharedMatrix values = random_matrix(200, 9, 2, DType::bf16);
  const SharedMatrix queries = random_matrix(1, 16, 3);
  const KeyClusters clusters(test::checked(keys), test::checked(values), 0, {});
  const auto scores = scores_of(queries.view, 0, keys.view, all_ids(200));
  const Group group = attend(queries.view, values.view, {all_ids(200)}, {scores}, {&clusters}, 0.5);
  const auto truth = reference_attention(queries.view, 0, keys.view, values.view, all_ids(200), 0.5);
  EXPECT_NEAR(group.parts[0].lse, truth.lse, 1e-6);
  for (std::size_t c = 0; c < 9; ++c) EXPECT_NEAR(group.parts[0].output[c], truth.output[c], 2e-6);
  EXPECT_EQ(group.unread[0], -infinity);
}

TEST(AttendRetrieved, WithoutClustersItIsAttendFound) {
  const SharedMatrix values = random_matrix(200, 9, 2, DType::f16);
  const SharedMatrix queries = random_matrix(1, 16, 3);
  const KeyClusters none;
  const std::vector<KeyId> ids = {5, 100, 7};
  const std::vector<float> scores = {3, 2, 1};
  std::vector<float> output(9);
  AttentionPart found{output};
  AttentionScratch scratch;
  attend_found(values.view, ids, scores, 0.5, found, scratch);
  for (const std::vector<const KeyClusters*>& clusters : {std::vector<const KeyClusters*>{}, {&none}}) {
    const Group group = attend(queries.view, values.view, {ids}, {scores}, clusters, 0.5);
    EXPECT_NEAR(group.parts[0].lse, found.lse, 1e-6);
    for (std::size_t c = 0; c < 9; ++c) EXPECT_NEAR(group.parts[0].output[c], output[c], 1e-6);
    EXPECT_EQ(group.unread[0], -infinity);
    EXPECT_EQ(attend(queries.view, values.view, {{no_key}}, {{-infinity}}, clusters, 0.5).parts[0].lse, -infinity);
  }
}

TEST(AttendRetrieved, WeightsOfTheRetrievedAloneNeedNoClusters) {
  const SharedMatrix values = random_matrix(200, 9, 2, DType::f16);
  const KeyClusters clusters(test::checked(values), test::checked(values), 0, {});
  const KeyClusters* const blocks[] = {&clusters};
  const std::vector<KeyId> ids = {5, 100, 7, no_key};
  const std::vector<float> scores = {3, 2, 1, -infinity};
  const std::vector<Retrieved> retrieved = {{ids, scores}};
  std::vector<RowWeights> weights(1);
  weigh_retrieved(retrieved.front(), 0.5, weights.front());
  std::vector<float> output(9);
  std::vector<float> expected(9);
  AttentionPart found{expected};
  std::vector<AttentionPart> parts = {{output}};
  AttentionScratch scratch;
  attend_retrieved(retrieved, weights, blocks, values.view, parts, scratch);
  attend_found(values.view, ids, scores, 0.5, found, scratch);
  EXPECT_NEAR(parts[0].lse, found.lse, 1e-6);
  for (std::size_t c = 0; c < 9; ++c) EXPECT_NEAR(output[c], expected[c], 1e-6);
}

TEST(AttendRetrieved, EstimatesComeCloserThanNothing) {
  const SharedMatrix keys = random_matrix(2000, 16, 1);
  const SharedMatrix queries = random_matrix(2, 16, 3);
  const KeyClusters clusters(test::checked(keys), test::checked(keys), 0, {.clusters = 100});
  for (std::size_t row = 0; row < 2; ++row) {
    const MatrixView query = queries.view.slice(row, 1);
    const auto ids = best_of(query, 0, keys.view, 50);
    const auto scores = scores_of(query, 0, keys.view, ids);
    const auto truth = reference_attention(query, 0, keys.view, keys.view, all_ids(2000), 0.5);
    const auto error = [&](const std::vector<const KeyClusters*>& blocks) {
      const Group group = attend(query, keys.view, {ids}, {scores}, blocks, 0.5);
      double squared = 0;
      for (std::size_t c = 0; c < 16; ++c) squared += std::pow(group.parts[0].output[c] - truth.output[c], 2);
      return std::sqrt(squared);
    };
    EXPECT_LT(error({&clusters}), 0.5 * error({}));
    const Group group = attend(query, keys.view, {ids}, {scores}, {&clusters}, 0.5);
    EXPECT_NEAR(group.unread[0], unread_lse(query, 0, keys.view, ids, 0.5), 0.25);
  }
}

// Base and block, values in two places, and retrieved keys that no block holds.
TEST(AttendRetrieved, BlocksJoin) {
  const SharedMatrix keys = repeated(6, 60, 8);
  const SharedMatrix values = repeated(6, 60, 5);
  const SharedMatrix queries = random_matrix(1, 8, 3);
  const KeyClusters first(test::checked(keys).slice(0, 180), test::checked(values).slice(0, 180), 0,
                          {.clusters = 6, .iterations = 20});
  const KeyClusters second(test::checked(keys).slice(180, 120), test::checked(values).slice(180, 120), 180,
                           {.clusters = 6, .iterations = 20});
  const std::vector<KeyId> ids = best_of(queries.view, 0, keys.view, 130);
  std::vector<KeyId> seen = all_ids(300);
  std::ranges::copy_if(ids, std::back_inserter(seen), [](KeyId id) { return id >= 300; });
  ASSERT_GT(seen.size(), 300U);
  GrownRows split(values.view.slice(0, 200), 160);
  split.append(values.view.slice(200, 160));
  const auto scores = scores_of(queries.view, 0, keys.view, ids);
  const Group group = attend(queries.view, split.view(360), {ids}, {scores}, {&first, &second}, 0.3);
  const auto truth = reference_attention(queries.view, 0, keys.view, values.view, seen, 0.3);
  EXPECT_NEAR(group.parts[0].lse, truth.lse, 3e-3);
  for (std::size_t c = 0; c < 5; ++c) EXPECT_NEAR(group.parts[0].output[c], truth.output[c], 5e-3);
}

TEST(AttendRetrieved, HugeLogitsMakeNoNan) {  // FAULTS D9
  std::vector<float> stored(64, 500.0F);
  for (std::size_t i = 0; i < 32; ++i) stored[i] = -500.0F;
  const SharedMatrix keys = make_matrix(stored, 64, 1);
  const SharedMatrix queries = make_matrix(std::vector<float>{500, -500, 0}, 3, 1);
  const KeyClusters clusters(test::checked(keys), test::checked(keys), 0, {});
  const Group group = attend(queries.view, keys.view, {{40}, {}, {}}, {{2.5e5F}, {}, {}}, {&clusters}, 1);
  EXPECT_NEAR(group.parts[0].lse, 2.5e5 + std::log(32.0), 0.02);
  EXPECT_NEAR(group.parts[0].output[0], 500, 1e-3);
  EXPECT_NEAR(group.parts[1].output[0], -500, 1e-3);
  EXPECT_NEAR(group.parts[2].lse, std::log(64.0), 1e-3);
  const Group low = attend(queries.view.slice(0, 1), keys.view, {{0}}, {{-2.5e5F}}, {&clusters}, 1);
  EXPECT_TRUE(std::isfinite(low.parts[0].lse));
  EXPECT_TRUE(std::isfinite(low.parts[0].output[0]));
}

TEST(AttendRetrieved, BadArgumentsAreNamed) {
  const SharedMatrix keys = random_matrix(40, 4, 1);
  const SharedMatrix queries = random_matrix(9, 4, 1);
  const SharedMatrix wide = random_matrix(1, 5, 1);
  const KeyClusters clusters(test::checked(keys), test::checked(keys), 0, {});
  const auto refuses = [&](const char* name, MatrixView asked, std::vector<KeyId> ids, std::vector<float> scores,
                           double scale) {
    expect_error(ErrorCode::invalid_argument, name, [&] {
      attend(asked, keys.view, std::vector(asked.rows, ids), std::vector(asked.rows, scores), {&clusters}, scale);
    });
  };
  refuses("queries", queries.view.slice(0, 0), {1}, {1}, 1);
  refuses("dim", wide.view, {1}, {1}, 1);
  refuses("ids[0]", queries.view.slice(0, 1), {40}, {1}, 1);
  refuses("scores", queries.view.slice(0, 1), {1}, {1, 2}, 1);
  refuses("scores[0]", queries.view.slice(0, 1), {1}, {std::numeric_limits<float>::quiet_NaN()}, 1);
  refuses("scale", queries.view.slice(0, 1), {1}, {1}, 0);
  expect_error(ErrorCode::invalid_argument, "retrieved",
               [&] { attend(queries.view.slice(0, 2), keys.view, {{1}}, {{1}}, {&clusters}, 1); });
}

TEST(AttendRetrieved, AllocatesNothingOnceWarm) {
  const SharedMatrix keys = random_matrix(900, 16, 1, DType::f16);
  const SharedMatrix queries = random_matrix(4, 16, 2);
  const KeyClusters clusters(test::checked(keys), test::checked(keys), 0, {});
  const KeyClusters* const blocks[] = {&clusters};
  const std::vector<KeyId> ids = all_ids(300);
  const std::vector<float> scores(300, 0.5F);
  const std::vector<Retrieved> retrieved(4, Retrieved{ids, scores});
  Group group(4, 16);
  UnreadEstimate estimate;
  std::vector<RowWeights> weights(4);
  AttentionScratch scratch;
  const auto run = [&] {
    estimate.prepare(queries.view, blocks, 1);
    for (std::size_t row = 0; row < 4; ++row) estimate.weigh(row, retrieved[row], weights[row]);
    attend_retrieved(retrieved, weights, blocks, keys.view, group.parts, scratch);
  };
  run();
  const std::size_t before = thread_allocations();
  run();
  EXPECT_EQ(thread_allocations(), before);
}

}  // namespace
}  // namespace rattan::test
