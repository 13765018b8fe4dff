#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "rattan/attention.h"
#include "tests/support/allocations.h"
#include "tests/support/errors.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan::test {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

// One query over `ids`, and what it must give.
struct Case {
  SharedMatrix query, keys, values;
  std::vector<KeyId> ids;
  double scale = 0.3;

  std::vector<float> scores() const {
    std::vector<float> scores;
    for (const KeyId id : ids) scores.push_back(static_cast<float>(reference_score(query.view, 0, keys.view, id)));
    return scores;
  }
};

struct Answer {
  std::vector<float> output;
  float lse = 0;
};

Answer attend(MatrixView values, const std::vector<KeyId>& ids, const std::vector<float>& scores, double scale) {
  Answer answer{std::vector<float>(values.cols, 77.0F)};
  AttentionPart part{answer.output};
  AttentionScratch scratch;
  attend_found(values, ids, scores, scale, part, scratch);
  answer.lse = part.lse;
  return answer;
}

TEST(AttendFound, IsSoftmaxOfEveryDtypeAndCount) {
  for (const DType dtype : all_dtypes) {
    for (const std::size_t count : {1U, 2U, 100U, 255U, 256U, 257U, 700U}) {
      Case set{random_matrix(1, 24, 1), random_matrix(800, 24, 2), random_matrix(800, 37, 3, dtype, 41), {}};
      for (std::size_t i = 0; i < count; ++i) set.ids.push_back(static_cast<KeyId>(i * 37 % 800));
      const Answer answer = attend(set.values.view, set.ids, set.scores(), set.scale);
      const auto truth = reference_attention(set.query.view, 0, set.keys.view, set.values.view, set.ids, set.scale);
      for (std::size_t c = 0; c < 37; ++c) ASSERT_NEAR(answer.output[c], truth.output[c], 4e-6) << count << ", " << c;
      EXPECT_NEAR(answer.lse, truth.lse, 2e-6);
    }
  }
}

TEST(AttendFound, EmptyAndFilledRows) {
  const SharedMatrix values = make_matrix(std::vector<float>{1, 2, 3}, 3, 1);
  const Answer none = attend(values.view, {}, {}, 1);
  EXPECT_EQ(none.output[0], 0);
  EXPECT_EQ(none.lse, -infinity);
  EXPECT_EQ(attend(values.view, {no_key, no_key}, {-infinity, -infinity}, 1).lse, -infinity);
  const Answer one = attend(values.view, {2, no_key}, {5, -infinity}, 1);
  EXPECT_EQ(one.output[0], 3);
  EXPECT_EQ(one.lse, 5);
  const Answer far = attend(values.view, {0, 1}, {-infinity, -infinity}, 1);
  EXPECT_EQ(far.output[0], 0);
  EXPECT_EQ(far.lse, -infinity);
}

TEST(AttendFound, HugeLogits) {  // FAULTS D9
  const SharedMatrix values = make_matrix(std::vector<float>{1, 2, 3}, 3, 1);
  const Answer far = attend(values.view, {0, 1, 2}, {-2.5e5F, 2.5e5F, 2.5e5F}, 1);
  EXPECT_EQ(far.output[0], 2.5F);
  EXPECT_NEAR(far.lse, 2.5e5 + std::log(2.0), 0.02);
  EXPECT_EQ(attend(values.view, {0, 1}, {-2.5e5F, -infinity}, 1).output[0], 1);
  const float most = std::numeric_limits<float>::max();
  EXPECT_EQ(attend(values.view, {0, 1}, {-most, most}, 0.5).output[0], 2);
}

TEST(AttendFound, BadArgumentsAreNamed) {
  const SharedMatrix values = random_matrix(3, 2, 1);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto refuses = [&](const char* name, std::vector<KeyId> ids, std::vector<float> scores, double scale) {
    expect_error(ErrorCode::invalid_argument, name, [&] { attend(values.view, ids, scores, scale); });
  };
  refuses("ids[0]", {3}, {0}, 1);
  refuses("scores", {1}, {0, 1}, 1);
  refuses("scores[0]", {1}, {nan}, 1);
  refuses("scale", {1}, {0}, 0);
}

TEST(AttendFound, AllocatesNothingOnceWarm) {
  const SharedMatrix values = random_matrix(900, 33, 1, DType::f16);
  const std::vector<KeyId> ids = all_ids(900);
  const std::vector<float> scores(900, 0.5F);
  std::vector<float> output(33);
  AttentionPart part{output};
  AttentionScratch scratch;
  attend_found(values.view, ids, scores, 1, part, scratch);
  const std::size_t before = thread_allocations();
  attend_found(values.view, ids, scores, 1, part, scratch);
  attend_found(values.view, std::span(ids).first(7), std::span(scores).first(7), 1, part, scratch);
  EXPECT_EQ(thread_allocations(), before);
}

}  // namespace
}  // namespace rattan::test
