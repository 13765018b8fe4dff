#include "core/key_marks.h"

#include <gtest/gtest.h>

namespace rattan {
namespace {

TEST(KeyMarks, SetTellsWhatWasBeforeAndResetForgets) {
  KeyMarks marks;
  for (const std::size_t keys : {1U, 64U, 65U, 1000U}) {
    marks.reset(keys);
    const auto last = static_cast<KeyId>(keys - 1);
    EXPECT_FALSE(marks.test(last));
    EXPECT_FALSE(marks.set(last));
    EXPECT_TRUE(marks.set(last));
    EXPECT_TRUE(marks.test(last));
    EXPECT_EQ(marks.test(0), keys == 1);
  }
}

}  // namespace
}  // namespace rattan
