#include "attention/found_keys.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/errors.h"

namespace rattan::test {
namespace {

TEST(FoundKeys, EndWhereNoKeyStands) {
  const std::vector<KeyId> ids = {3, 0, no_key, 99};
  const std::vector<float> scores = {1, -std::numeric_limits<float>::infinity(), 0, 0};
  EXPECT_EQ(check_found(ids, scores, 4), 2U);
  EXPECT_EQ(check_found({}, {}, 0), 0U);
  EXPECT_EQ(check_found(std::span(ids).first(2), std::span(scores).first(2), 4), 2U);
}

TEST(FoundKeys, BadOnesAreNamed) {
  const auto refuses = [](const char* name, std::vector<KeyId> ids, std::vector<float> scores) {
    expect_error(ErrorCode::invalid_argument, name, [&] { check_found(ids, scores, 4); });
  };
  refuses("ids[1]", {3, 4}, {0, 0});
  refuses("scores has 1", {3, 2}, {0});
  refuses("scores[1]", {3, 2}, {0, std::numeric_limits<float>::quiet_NaN()});
  refuses("scores[0]", {3, 2}, {std::numeric_limits<float>::infinity(), 0});
}

}  // namespace
}  // namespace rattan::test
