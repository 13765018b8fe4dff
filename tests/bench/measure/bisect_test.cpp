#include "bench/measure/bisect.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace rattan::bench {
namespace {

Evaluation at(std::uint32_t setting, double recall, double keys) {
  Evaluation evaluation;
  evaluation.setting = setting;
  evaluation.recall = recall;
  evaluation.keys_per_query = keys;
  return evaluation;
}

// Recall 1 - 1/setting, one key per unit of width; counts its calls.
struct Smooth {
  std::vector<std::uint32_t> calls;
  Evaluation operator()(std::uint32_t setting) {
    calls.push_back(setting);
    return at(setting, 1 - 1.0 / setting, setting);
  }
};

TEST(SettingSearch, FindsTheSmallestWidthWithinItsResolution) {
  Smooth smooth;
  SettingSearch search({.low = 1, .high = 100000}, std::ref(smooth));
  for (const double target : {0.5, 0.9, 0.99, 0.999}) {
    const SettingSearch::Result result = search.cheapest(target);
    const double exact = 1 / (1 - target);
    EXPECT_TRUE(result.reached);
    EXPECT_GE(result.evaluation.recall, target);
    EXPECT_LE(result.evaluation.setting, std::ceil(exact * 1.031 + 1)) << target;
  }
}

TEST(SettingSearch, NarrowsToTheIntegerWhereWidthsAreSmall) {
  Smooth smooth;
  SettingSearch search({.low = 1, .high = 100000}, std::ref(smooth));
  EXPECT_EQ(search.cheapest(0.9).evaluation.setting, 10U);
  EXPECT_EQ(search.cheapest(0.96).evaluation.setting, 25U);
}

TEST(SettingSearch, EvaluatesEachSettingOnce) {
  Smooth smooth;
  SettingSearch search({.low = 1, .high = 100000}, std::ref(smooth));
  search.cheapest(0.9);
  search.cheapest(0.95);
  const std::size_t calls = smooth.calls.size();
  search.cheapest(0.9);
  EXPECT_EQ(smooth.calls.size(), calls);
  std::sort(smooth.calls.begin(), smooth.calls.end());
  EXPECT_EQ(std::adjacent_find(smooth.calls.begin(), smooth.calls.end()), smooth.calls.end());
  EXPECT_LE(calls, 20U);
}

TEST(SettingSearch, AnUnreachedTargetGivesTheBestRecall) {
  SettingSearch search({.low = 1, .high = 64}, [](std::uint32_t s) { return at(s, 1 - 1.0 / s, s); });
  const SettingSearch::Result result = search.cheapest(0.999);
  EXPECT_FALSE(result.reached);
  EXPECT_EQ(result.evaluation.setting, 64U);
}

TEST(SettingSearch, GivesUpOnAStuckWalk) {
  std::size_t calls = 0;
  SettingSearch search({.low = 1, .high = 1U << 24}, [&](std::uint32_t s) {
    ++calls;
    return at(s, 0.4, s);
  });
  const SettingSearch::Result result = search.cheapest(0.9);
  EXPECT_FALSE(result.reached);
  EXPECT_DOUBLE_EQ(result.evaluation.recall, 0.4);
  EXPECT_EQ(result.evaluation.setting, 1U) << "the cheapest of equal recall";
  EXPECT_LE(calls, 5U);
}

TEST(SettingSearch, StopsWhereEnoughKeysAreRead) {
  SettingSearch search({.low = 1, .high = 1U << 20, .enough_keys = 100},
                       [](std::uint32_t s) { return at(s, 1 - 1.0 / s, s); });
  const SettingSearch::Result result = search.cheapest(0.999);
  EXPECT_FALSE(result.reached);
  EXPECT_EQ(result.evaluation.setting, 128U) << "the first width beyond";
  EXPECT_TRUE(search.cheapest(0.95).reached);
}

TEST(SettingSearch, GivesUpWhereDoublingsGainTooLittle) {
  const SettingRange range{.low = 1, .high = 1U << 20, .enough_keys = 4096, .give_up_early = true};
  std::uint32_t widest = 0;
  SettingSearch search(range, [&](std::uint32_t s) {
    widest = std::max(widest, s);
    return at(s, 1 - 0.8 * std::pow(s, -0.05), s);
  });
  EXPECT_FALSE(search.cheapest(0.9).reached);
  EXPECT_EQ(widest, 512U) << "an eighth of enough keys, not all of them";
  EXPECT_EQ(search.cheapest(0.9).widest, widest);
  const std::size_t evaluated = search.evaluated().size();
  EXPECT_FALSE(search.cheapest(0.99).reached);
  EXPECT_EQ(search.evaluated().size(), evaluated) << "a higher target costs nothing more";
}

TEST(SettingSearch, DoesNotGiveUpWhatTurnsUpLate) {
  const SettingRange range{.low = 1, .high = 1U << 20, .enough_keys = 1000, .give_up_early = true};
  for (const double power : {1.0, 2.0, 3.0}) {
    SettingSearch search(range, [&](std::uint32_t s) { return at(s, 1 - 1 / (1 + std::pow(s / 150.0, power)), s); });
    EXPECT_TRUE(search.cheapest(0.85).reached) << power;
  }
}

TEST(SettingSearch, TheCheapestNeedNotBeTheNarrowest) {
  SettingSearch search({.low = 1, .high = 4}, [](std::uint32_t s) { return at(s, 0.95, s == 1 ? 50 : 10); });
  search.cheapest(0.97);
  EXPECT_EQ(search.cheapest(0.9).evaluation.setting, 2U);
}

TEST(SettingSearch, OneSettingIsTheAnswer) {
  SettingSearch search({.low = 1, .high = 1}, [](std::uint32_t s) { return at(s, 1, 100); });
  EXPECT_TRUE(search.cheapest(0.99).reached);
  EXPECT_EQ(search.evaluated().size(), 1U);
}

TEST(SettingSearch, DipsDoNotTrapTheBisection) {
  SettingSearch search({.low = 1, .high = 4096},
                       [](std::uint32_t s) { return at(s, s % 7 == 0 ? 0.5 : 1 - 1.0 / s, s); });
  const SettingSearch::Result result = search.cheapest(0.95);
  EXPECT_TRUE(result.reached);
  EXPECT_GE(result.evaluation.recall, 0.95);
  EXPECT_LE(result.evaluation.setting, 32U);
}

}  // namespace
}  // namespace rattan::bench
