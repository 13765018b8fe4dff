#include "attention/running_softmax.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/support/errors.h"

namespace rattan::test {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

// One value column; blocks of (score, value) of two rows that share the values.
TEST(RunningSoftmax, AMaximumMayComeLate) {
  AttentionScratch scratch;
  RunningSoftmax softmax(2, 1, DType::f32, 2, scratch);
  const std::vector<float> values = {1, 10, 100};
  const std::vector<const void*> rows = {&values[0], &values[1], &values[2]};
  std::vector<float> first = {0, -infinity, 7, 1};  // two rows of two scores
  softmax.add(first.data(), 2, std::span(rows).first(2));
  std::vector<float> second = {3, -infinity};
  softmax.add(second.data(), 1, std::span(rows).last(1));
  std::vector<float> outputs(2);
  std::vector<AttentionPart> parts = {{{&outputs[0], 1}}, {{&outputs[1], 1}}};
  softmax.finish(parts);
  const double a = std::exp(-6.0);
  EXPECT_NEAR(outputs[0], (a * 1 + 100) / (a + 1), 1e-5);
  EXPECT_NEAR(parts[0].lse, 6 + std::log(a + 1), 1e-6);
  const double b = std::exp(-12.0);
  EXPECT_NEAR(outputs[1], (1 + b * 10) / (1 + b), 1e-6);
  EXPECT_NEAR(parts[1].lse, 14 + std::log(1 + b), 1e-6);
}

TEST(RunningSoftmax, NothingButMinusInfinity) {
  AttentionScratch scratch;
  RunningSoftmax softmax(1, 1, DType::f32, 1, scratch);
  const float value = 3;
  const void* row = &value;
  float score = -infinity;
  softmax.add(&score, 1, {&row, 1});
  float output = 9;
  AttentionPart part{{&output, 1}, 9};
  softmax.finish({&part, 1});
  EXPECT_EQ(output, 0);
  EXPECT_EQ(part.lse, -infinity);
}

TEST(RunningSoftmax, BadArgumentsAreNamed) {
  for (const double scale : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN(), 1 / 0.0}) {
    expect_error(ErrorCode::invalid_argument, "scale", [&] { check_scale(scale); });
  }
  float output[2] = {};
  const AttentionPart part{output};
  check_parts({&part, 1}, 1, 2);
  expect_error(ErrorCode::invalid_argument, "parts has 1", [&] { check_parts({&part, 1}, 2, 2); });
  expect_error(ErrorCode::invalid_argument, "part.output", [&] { check_parts({&part, 1}, 1, 3); });
}

}  // namespace
}  // namespace rattan::test
