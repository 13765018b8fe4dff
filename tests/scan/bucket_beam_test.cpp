#include "scan/bucket_beam.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "core/random.h"

namespace rattan {
namespace {

std::vector<Neighbor> kept(const BucketBeam& beam) {
  std::vector<Neighbor> all;
  beam.each_kept([&](const Neighbor& neighbor) { all.push_back(neighbor); });
  std::sort(all.begin(), all.end(), better);
  return all;
}

std::vector<Neighbor> random_scores(std::size_t count, std::uint64_t bound, std::uint64_t seed) {
  std::vector<Neighbor> all;
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back({static_cast<float>(random_below(seed, i, bound)), static_cast<KeyId>(i)});
  }
  return all;
}

TEST(BucketBeam, KeepsTheBestAndTheirTies) {
  BucketBeam beam;
  for (const std::uint64_t bound : {1U, 7U, 4096U, 200000U}) {
    for (const std::size_t width : {1U, 10U, 100U, 5000U}) {
      SCOPED_TRACE(testing::Message() << "scores below " << bound << ", width " << width);
      std::vector<Neighbor> all = random_scores(3000, bound, width);
      beam.reset(width, 0, static_cast<float>(bound));
      for (const Neighbor& neighbor : all) {
        EXPECT_LE(beam.threshold(), static_cast<float>(bound));
        beam.insert(neighbor.score, neighbor.id);
      }
      std::sort(all.begin(), all.end(), better);
      const std::vector<Neighbor> found = kept(beam);
      ASSERT_GE(found.size(), std::min(width, all.size()));
      // A bucket is a 4096th of the range: beyond the width there is nothing but what shares the last one's bucket.
      for (std::size_t i = 0; i < found.size(); ++i) ASSERT_EQ(found[i], all[i]);
      if (found.size() > width) {
        EXPECT_LE(all[width - 1].score - found.back().score, static_cast<float>(bound) / 4096);
      }
    }
  }
}

TEST(BucketBeam, AScoreBelowTheThresholdCannotEnterAndOthersCan) {
  BucketBeam beam;
  beam.reset(50, -1000, 1000);
  for (const Neighbor& neighbor : random_scores(2000, 2000, 5)) {
    const std::size_t before = kept(beam).size();
    const float score = neighbor.score - 1000;
    const bool below = score < beam.threshold();
    beam.insert(score, neighbor.id);
    if (below) {
      EXPECT_EQ(kept(beam).size(), before);
    }
  }
  EXPECT_GT(beam.threshold(), 900);
}

TEST(BucketBeam, TakesEveryKeptKeyOnceInOrderOfBuckets) {
  BucketBeam beam;
  beam.reset(200, 0, 1 << 20);
  const std::vector<Neighbor> all = random_scores(1000, 1 << 20, 9);
  for (const Neighbor& neighbor : all) beam.insert(neighbor.score, neighbor.id);
  std::set<KeyId> taken;
  float last = 1 << 20;
  for (KeyId key = beam.take_best(); key != no_key; key = beam.take_best()) {
    EXPECT_TRUE(taken.insert(key).second);
    EXPECT_LE(all[key].score, last + (1 << 20) / 4096.0F);
    last = all[key].score;
  }
  EXPECT_EQ(taken.size(), kept(beam).size());
  beam.insert(1 << 20, 5000);
  EXPECT_EQ(beam.take_best(), 5000U);
  EXPECT_EQ(beam.take_best(), no_key);
}

TEST(BucketBeam, MergedPartsKeepWhatOneBeamKeeps) {
  for (const std::uint64_t bound : {20U, 100000U}) {
    const std::vector<Neighbor> all = random_scores(2000, bound, 11);
    BucketBeam whole;
    std::vector<BucketBeam> parts(3);
    whole.reset(60, 0, static_cast<float>(bound));
    for (BucketBeam& part : parts) part.reset(60, 0, static_cast<float>(bound));
    for (const Neighbor& neighbor : all) {
      whole.insert(neighbor.score, neighbor.id);
      parts[random_below(3, neighbor.id, 3)].insert(neighbor.score, neighbor.id);
    }
    parts[2].merge(parts[0]);
    parts[2].merge(parts[1]);
    EXPECT_EQ(kept(parts[2]), kept(whole));
  }
}

TEST(BucketBeam, ResetForgetsEverything) {
  BucketBeam beam;
  beam.reset(3, 0, 10);
  for (KeyId key = 0; key < 9; ++key) beam.insert(static_cast<float>(key), key);
  beam.reset(2, 0, 10);
  EXPECT_EQ(beam.take_best(), no_key);
  beam.insert(1, 7);
  EXPECT_EQ(kept(beam), (std::vector<Neighbor>{{1, 7}}));
}

// An all-zero query: every score is the same and the range is empty.
TEST(BucketBeam, AnEmptyRangeKeepsAll) {
  BucketBeam beam;
  beam.reset(4, 0, 0);
  for (KeyId key = 0; key < 9; ++key) beam.insert(0, key);
  EXPECT_EQ(kept(beam).size(), 9U);
}

// Subnormal scores, and scores whose difference is beyond fp32 (FAULTS D7): buckets cannot tell them apart.
TEST(BucketBeam, D7_ARangeThatCannotBeDividedKeepsAll) {
  constexpr float largest = std::numeric_limits<float>::max();
  constexpr float smallest = std::numeric_limits<float>::denorm_min();
  for (const auto& [lowest, highest] :
       {std::pair{0.0F, smallest}, std::pair{-largest, largest}, std::pair{1e-38F, 1.1e-38F}}) {
    BucketBeam beam;
    beam.reset(2, lowest, highest);
    for (KeyId id = 0; id < 9; ++id) beam.insert(id % 2 == 0 ? lowest : highest, id);
    std::vector<Neighbor> kept;
    beam.copy_kept(kept);
    EXPECT_EQ(kept.size(), 9U);
    EXPECT_LE(beam.threshold(), lowest);
  }
}

TEST(BucketBeam, ScoresOutsideTheRangeCountAsItsEnds) {
  BucketBeam beam;
  beam.reset(2, 0, 100);
  beam.insert(-5, 1);
  beam.insert(500, 2);
  beam.insert(50, 3);
  EXPECT_EQ(beam.take_best(), 2U);
  EXPECT_EQ(beam.take_best(), 3U);
}

}  // namespace
}  // namespace rattan
