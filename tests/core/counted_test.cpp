#include "core/counted.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace rattan {
namespace {

TEST(Counted, KnowsWhetherOthersHoldIt) {
  Counted<std::vector<int>> one(std::vector<int>{1, 2});
  EXPECT_FALSE(one.shared());
  {
    const Counted<std::vector<int>> other = one;
    EXPECT_TRUE(one.shared());
    EXPECT_EQ(&*one, &*other);
  }
  EXPECT_FALSE(one.shared());
  const Counted<std::vector<int>> moved = std::move(one);
  EXPECT_FALSE(moved.shared());
  EXPECT_EQ(moved->size(), 2U);
}

TEST(Counted, GoesWithItsLastHolder) {
  struct Mark {
    int* gone;
    explicit Mark(int* count) : gone(count) {}
    Mark(Mark&& other) noexcept : gone(std::exchange(other.gone, nullptr)) {}
    ~Mark() {
      if (gone != nullptr) ++*gone;
    }
  };
  int gone = 0;
  {
    Counted<Mark> first{Mark(&gone)};
    Counted<Mark> second = first;
    first = Counted<Mark>{Mark(&gone)};
    EXPECT_EQ(gone, 0);
    second = first;
    EXPECT_EQ(gone, 1);
  }
  EXPECT_EQ(gone, 2);
}

// ThreadSanitizer judges the order.
TEST(Counted, WhoFindsItselfAloneMayWrite) {
  for (int i = 0; i < 200; ++i) {
    Counted<int> mine(7);
    int read = 0;
    std::jthread other([held = mine, &read] { read = *held; });
    while (mine.shared()) std::this_thread::yield();
    *mine = 8;
    other.join();
    EXPECT_EQ(read, 7);
  }
}

}  // namespace
}  // namespace rattan
