#include "context/layer_memory.h"

#include <gtest/gtest.h>

#include "tests/context/synthetic_head.h"
#include "tests/support/errors.h"

namespace rattan::test {
namespace {

using Which = LayerMemory::Promise::Which;

class LayerMemoryTest : public testing::Test {
 protected:
  LayerMemoryTest() {
    for (int i = 0; i < 2; ++i) heads.push_back(std::make_unique<KvHead>(head.prefix, head.params));
    append(*heads[1], 0, 100);  // holds more than the other
  }
  void append(KvHead& into, std::size_t begin, std::size_t count) const {
    into.append(test::checked(head.keys).slice(begin, count), test::checked(head.values).slice(begin, count));
  }
  // That leaves the second head so many bytes.
  MemoryShare share(std::size_t left) const {
    const std::size_t bytes = heads[1]->held_bytes() + left;
    return {2 * bytes, bytes, 2};
  }

  static constexpr std::size_t token = 96;
  SyntheticHead head{HeadKind::graph, 500};
  std::vector<std::unique_ptr<KvHead>> heads;
};

TEST_F(LayerMemoryTest, WithoutALimitEverythingFits) {
  LayerMemory memory({}, 2);
  EXPECT_FALSE(memory.lock_for(heads, 1U << 30).owns_lock());
  EXPECT_TRUE(memory.fits_queries(heads, 1, 1U << 30, 1U << 20));
  EXPECT_TRUE(memory.fits_segment(heads, 1, 100));
  std::vector<std::size_t> counts{60, 100};
  const LayerMemory::Promise promise(memory, heads, counts, Which::all);
  EXPECT_EQ(counts, (std::vector<std::size_t>{60, 100}));
}

TEST_F(LayerMemoryTest, TokensFitToTheByte) {
  LayerMemory memory(share(10 * token), 2);
  EXPECT_TRUE(memory.lock_for(heads, 10).owns_lock());
  expect_error(ErrorCode::no_memory, "11 more tokens of head 1", [&] { memory.lock_for(heads, 11); });
  append(*heads[1], 100, 10);
  EXPECT_TRUE(memory.lock_for(heads, 0).owns_lock());
  expect_error(ErrorCode::no_memory, "memory_limit is", [&] { memory.lock_for(heads, 1); });
}

TEST_F(LayerMemoryTest, RecentQueriesGiveWayToTokens) {
  LayerMemory memory(share(10 * token), 2);
  constexpr std::size_t query = 64;
  {
    const auto lock = memory.lock_for(heads, 2);
    EXPECT_TRUE(memory.fits_queries(heads, 1, 2, 8 * token / query));
    EXPECT_FALSE(memory.fits_queries(heads, 1, 2, 8 * token / query + 1));
    heads[1]->keep_queries(test::checked(head.queries[0]).slice(0, 12));
  }
  append(*heads[1], 100, 2);
  static_cast<void>(memory.lock_for(heads, 0));
  EXPECT_EQ(heads[1]->recent_query_bytes(), 12 * query);
  static_cast<void>(memory.lock_for(heads, 1));
  EXPECT_EQ(heads[1]->recent_query_bytes(), 0U);
}

TEST_F(LayerMemoryTest, PromisedRoomIsNoRoom) {
  const std::size_t segment = heads[1]->segment_bytes(50);
  LayerMemory memory(share(segment + 5 * token), 2);
  EXPECT_TRUE(memory.fits_segment(heads, 1, 50));
  EXPECT_TRUE(memory.lock_for(heads, 6).owns_lock());
  {
    std::vector<std::size_t> counts{0, 50};
    LayerMemory::Promise promise(memory, heads, counts, Which::all);
    EXPECT_TRUE(memory.lock_for(heads, 5).owns_lock());
    expect_error(ErrorCode::no_memory, "6 more tokens", [&] { memory.lock_for(heads, 6); });
    EXPECT_FALSE(memory.fits_segment(heads, 1, 50));
    heads[1]->seal(50, serial_executor());
    EXPECT_TRUE(memory.lock_for(heads, 5).owns_lock()) << "what is made already is not counted twice";
    expect_error(ErrorCode::no_memory, "6 more tokens", [&] { memory.lock_for(heads, 6); });
    promise.keep(1);
    EXPECT_TRUE(memory.lock_for(heads, 5).owns_lock());
  }
  EXPECT_TRUE(memory.lock_for(heads, 5).owns_lock());
}

TEST_F(LayerMemoryTest, AllBlocksOrThoseThatFit) {
  const std::size_t needed = heads[1]->segment_bytes(100);
  LayerMemory memory(share(needed - 1), 2);
  std::vector<std::size_t> counts{60, 100};
  expect_error(ErrorCode::no_memory, "a segment of 100 tokens of head 1",
               [&] { LayerMemory::Promise(memory, heads, counts, Which::all); });
  EXPECT_EQ(counts, (std::vector<std::size_t>{60, 100}));
  EXPECT_TRUE(memory.fits_segment(heads, 0, 60));  // no promise was left behind
  const LayerMemory::Promise promise(memory, heads, counts, Which::fitting);
  EXPECT_EQ(counts, (std::vector<std::size_t>{60, 0}));
}

}  // namespace
}  // namespace rattan::test
