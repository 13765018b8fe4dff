#include "scan/key_tiling.h"

#include <gtest/gtest.h>

#include <vector>

namespace rattan {
namespace {

TEST(KeyTiling, EveryKeyIsInOneTileAndVisibleOnesComeFirst) {
  for (const std::size_t count : {1U, 7U, 8U, 9U, 31U, 64U, 65U, 200U, 256U}) {
    for (const std::size_t panel : {1U, 8U, 32U}) {
      for (const std::size_t panels : {1U, 2U, 5U, 100U}) {
        const KeyTiling tiling(100, count, panel, panels);
        std::vector<int> seen(count, 0);
        for (std::size_t tile = 0; tile < tiling.tiles(); ++tile) {
          const std::size_t keys = tiling.tile_keys(tile);
          ASSERT_GE(keys, 1U);
          ASSERT_LE(keys, panel * panels);
          for (std::size_t i = 0; i < keys; ++i) {
            const KeyId id = tiling.id(tile, i);
            ASSERT_GE(id, 100U);
            ASSERT_LT(id - 100, count);
            ++seen[id - 100];
          }
          for (std::size_t visible = 0; visible <= count; ++visible) {
            const std::size_t prefix = tiling.prefix(tile, visible);
            ASSERT_LE(prefix, keys);
            for (std::size_t i = 0; i < keys; ++i) {
              ASSERT_EQ(i < prefix, tiling.id(tile, i) < 100 + visible)
                  << "count " << count << " panel " << panel << " visible " << visible << " position " << i;
            }
          }
        }
        ASSERT_EQ(seen, std::vector<int>(count, 1)) << "count " << count << " panel " << panel;
      }
    }
  }
}

TEST(KeyTiling, ATileSamplesTheWholeRange) {
  const KeyTiling tiling(0, 32 * 64, 32, 4);
  ASSERT_EQ(tiling.tiles(), 16U);
  EXPECT_LT(tiling.id(0, 0), 512U);
  EXPECT_GE(tiling.id(0, 127), 3U * 512U);
}

TEST(KeyTiling, NoKeysMakeNoTiles) { EXPECT_EQ(KeyTiling(5, 0, 32, 8).tiles(), 0U); }

}  // namespace
}  // namespace rattan
