#include "attention/retrieved_keys.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/errors.h"

namespace rattan::test {
namespace {

TEST(RetrievedKeys, EndWhereNoKeyStands) {
  const std::vector<KeyId> ids = {3, 0, no_key, 99};
  const std::vector<float> scores = {1, -std::numeric_limits<float>::infinity(), 0, 0};
  EXPECT_EQ(checked({ids, scores}, 4).ids.size(), 2U);
  EXPECT_EQ(checked({ids, scores}, 4).scores.size(), 2U);
  EXPECT_EQ(checked({}, 0).ids.size(), 0U);
  EXPECT_EQ(checked(Retrieved{ids, scores}.first(2), 4).ids.size(), 2U);
}

TEST(RetrievedKeys, BadOnesAreNamed) {
  const auto refuses = [](const char* name, std::vector<KeyId> ids, std::vector<float> scores) {
    expect_error(ErrorCode::invalid_argument, name, [&] { static_cast<void>(checked({ids, scores}, 4)); });
  };
  refuses("ids[1]", {3, 4}, {0, 0});
  refuses("scores has 1", {3, 2}, {0});
  refuses("scores[1]", {3, 2}, {0, std::numeric_limits<float>::quiet_NaN()});
  refuses("scores[0]", {3, 2}, {std::numeric_limits<float>::infinity(), 0});
}

}  // namespace
}  // namespace rattan::test
