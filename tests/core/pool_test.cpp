#include "core/pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace rattan::test {
namespace {

struct Item {
  static inline std::atomic<int> made{0};
  static inline std::atomic<int> alive{0};
  Item() {
    ++made;
    ++alive;
  }
  ~Item() { --alive; }
  std::atomic<bool> in_use{false};
};

TEST(Pool, AReturnedItemIsLentAgain) {
  Item::made = 0;
  {
    Pool<Item> pool;
    const Item* first = nullptr;
    {
      const Pool<Item>::Lease lease(pool);
      first = &*lease;
    }
    const Pool<Item>::Lease again(pool);
    EXPECT_EQ(&*again, first);
    const Pool<Item>::Lease another(pool);
    EXPECT_NE(&*another, first);
  }
  EXPECT_EQ(Item::made, 2);
  EXPECT_EQ(Item::alive, 0);
}

TEST(Pool, MoreLeasesThanSlotsAreLentAgainToo) {
  Item::made = 0;
  {
    Pool<Item, 2> pool;
    for (int round = 0; round < 3; ++round) {
      const Pool<Item, 2>::Lease a(pool);
      const Pool<Item, 2>::Lease b(pool);
      const Pool<Item, 2>::Lease c(pool);
      const Pool<Item, 2>::Lease d(pool);
    }
    EXPECT_EQ(Item::made, 4);
    EXPECT_EQ(Item::alive, 4);
  }
  EXPECT_EQ(Item::alive, 0);
}

TEST(Pool, NoItemIsLentTwiceAtOnce) {
  Pool<Item, 3> pool;
  std::atomic<int> shared{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        const Pool<Item, 3>::Lease lease(pool);
        if (lease->in_use.exchange(true)) ++shared;
        lease->in_use = false;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(shared, 0);
}

}  // namespace
}  // namespace rattan::test
