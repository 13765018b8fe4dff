#include "context/slot_pool.h"

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

TEST(SlotPool, AReturnedItemIsLentAgain) {
  Item::made = 0;
  {
    SlotPool<Item> pool;
    const Item* first = nullptr;
    {
      const SlotPool<Item>::Lease lease(pool);
      first = &*lease;
    }
    const SlotPool<Item>::Lease again(pool);
    EXPECT_EQ(&*again, first);
    const SlotPool<Item>::Lease another(pool);
    EXPECT_NE(&*another, first);
  }
  EXPECT_EQ(Item::made, 2);
  EXPECT_EQ(Item::alive, 0);
}

TEST(SlotPool, MoreLeasesThanSlotsAreFreed) {
  {
    SlotPool<Item, 2> pool;
    for (int round = 0; round < 2; ++round) {
      const SlotPool<Item, 2>::Lease a(pool);
      const SlotPool<Item, 2>::Lease b(pool);
      const SlotPool<Item, 2>::Lease c(pool);
    }
    EXPECT_EQ(Item::alive, 2);
  }
  EXPECT_EQ(Item::alive, 0);
}

TEST(SlotPool, NoItemIsLentTwiceAtOnce) {
  SlotPool<Item, 3> pool;
  std::atomic<int> shared{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        const SlotPool<Item, 3>::Lease lease(pool);
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
