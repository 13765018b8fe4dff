#include "core/parallel.h"

#include <gtest/gtest.h>

#include <mutex>
#include <set>
#include <utility>

namespace rattan {
namespace {

using Blocks = std::set<std::pair<std::size_t, std::size_t>>;

Blocks blocks_of(Executor& executor, std::size_t items, std::size_t block) {
  Blocks blocks;
  std::mutex mutex;
  parallel_blocks(executor, items, block, [&](std::size_t begin, std::size_t end, unsigned) {
    const std::lock_guard lock(mutex);
    EXPECT_TRUE(blocks.emplace(begin, end).second);
  });
  return blocks;
}

TEST(ParallelBlocks, CoverEveryItemOnce) {
  EXPECT_EQ(blocks_of(serial_executor(), 10, 4), (Blocks{{0, 4}, {4, 8}, {8, 10}}));
  EXPECT_EQ(blocks_of(serial_executor(), 8, 4), (Blocks{{0, 4}, {4, 8}}));
  EXPECT_EQ(blocks_of(serial_executor(), 3, 100), (Blocks{{0, 3}}));
  EXPECT_EQ(blocks_of(serial_executor(), 0, 4), Blocks{});
}

// FAULTS G12: borders never depend on the number of threads.
TEST(ParallelBlocks, AreTheSameForAnyNumberOfThreads) {
  const Blocks serial = blocks_of(serial_executor(), 1000, 37);
  for (const unsigned threads : {1U, 2U, 5U, 16U}) {
    EXPECT_EQ(blocks_of(*make_openmp_executor(threads), 1000, 37), serial) << threads << " threads";
  }
}

TEST(ExecutorOrDefault, TakesWhatIsGiven) {
  EXPECT_EQ(&executor_or_default(&serial_executor()), &serial_executor());
  EXPECT_EQ(&executor_or_default(nullptr), &default_executor());
}

}  // namespace
}  // namespace rattan
