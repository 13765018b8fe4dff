#include "core/published.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace rattan {
namespace {

struct Counted {
  explicit Counted(std::atomic<int>& alive_, int number_) : alive(alive_), number(number_) { ++alive; }
  ~Counted() {
    number = -1;
    --alive;
  }
  std::atomic<int>& alive;
  int number;
};

TEST(Published, OlderObjectsGoWhenNobodyReadsThem) {
  std::atomic<int> alive{0};
  {
    Published<Counted> published(std::make_shared<const Counted>(alive, 0));
    EXPECT_TRUE(published.idle());
    auto first = published.pin();
    EXPECT_FALSE(published.idle());
    published.publish(std::make_shared<const Counted>(alive, 1));
    EXPECT_EQ(first->number, 0);
    EXPECT_EQ(published.pin()->number, 1);
    EXPECT_EQ(published.newest()->number, 1);
    EXPECT_EQ(alive, 2);
    first = {};
    published.drop_older();
    EXPECT_EQ(alive, 1);
    const std::shared_ptr<const Counted> shared = published.pin().share();
    published.publish(std::make_shared<const Counted>(alive, 2));
    EXPECT_EQ(shared->number, 1);
    EXPECT_EQ(alive, 2);
  }
  EXPECT_EQ(alive, 0);
}

// FAULTS F4: what belongs together is one object behind one pointer.
TEST(Published, F4_ReadersNeverSeeWhatHasGone) {
  std::atomic<int> alive{0};
  Published<Counted> published(std::make_shared<const Counted>(alive, 0));
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      int last = 0;
      while (!done) {
        const auto pin = published.pin();
        if (pin->number < last) ++wrong;
        last = pin->number;
      }
    });
  }
  for (int i = 1; i < 2000; ++i) published.publish(std::make_shared<const Counted>(alive, i));
  done = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
  published.drop_older();
  EXPECT_EQ(alive, 1);
}

}  // namespace
}  // namespace rattan
