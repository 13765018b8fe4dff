#include "scan/shortlist.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <vector>

#include "core/random.h"
#include "core/top_k.h"

namespace rattan {
namespace {

// A shortlist with its memory; keys are their own position.
class Fixture {
 public:
  Fixture(std::size_t k, double margin)
      : scores_(Shortlist::capacity(k)), ids_(scores_.size()), positions_(scores_.size()) {
    list.reset(scores_, ids_, positions_, k, margin, simd::kernels().select_above);
  }

  // In chunks, as tiles come, each filtered first.
  void add(const std::vector<float>& scores, std::size_t chunk) {
    std::vector<KeyId> ids(scores.size());
    std::iota(ids.begin(), ids.end(), KeyId{0});
    std::vector<std::uint32_t> selected(chunk);
    for (std::size_t begin = 0; begin < scores.size(); begin += chunk) {
      const std::size_t count = std::min(chunk, scores.size() - begin);
      const std::size_t above =
          simd::kernels().select_above(scores.data() + begin, count, list.filter(), selected.data());
      list.add(std::span(selected).first(above), scores.data() + begin, ids.data() + begin);
    }
  }

  Shortlist list;

 private:
  std::vector<float> scores_;
  std::vector<KeyId> ids_;
  std::vector<std::uint32_t> positions_;
};

std::vector<float> normal(std::size_t count, std::uint64_t seed) {
  std::vector<float> scores(count);
  for (std::size_t i = 0; i < count; ++i) scores[i] = static_cast<float>(random_normal(seed, i));
  return scores;
}

// Every key that could be among the k best when each score is off by up to `margin` must be there.
void expect_complete(Shortlist& list, const std::vector<float>& scores, std::size_t k, double margin) {
  ASSERT_FALSE(list.overflowed());
  const auto candidates = list.candidates();
  const std::set<KeyId> kept(candidates.begin(), candidates.end());
  ASSERT_EQ(kept.size(), candidates.size());
  std::vector<float> sorted = scores;
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  const double kth = k <= sorted.size() ? sorted[k - 1] : -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (static_cast<double>(scores[i]) >= kth - 2 * margin) {
      ASSERT_TRUE(kept.contains(static_cast<KeyId>(i))) << "key " << i << " of " << scores.size() << ", k " << k;
    }
  }
  EXPECT_LE(kept.size(), Shortlist::capacity(k));
}

TEST(Shortlist, KeepsAllThatCouldBeAmongTheBest) {
  for (const std::size_t k : {1U, 2U, 10U, 100U}) {
    for (const std::size_t count : {1U, 50U, 364U, 365U, 5000U}) {
      for (const double margin : {0.0, 1e-6, 1e-3}) {
        const std::vector<float> scores = normal(count, k + count);
        Fixture fixture(k, margin);
        fixture.add(scores, 256);
        expect_complete(fixture.list, scores, k, margin);
      }
    }
  }
}

TEST(Shortlist, AnyOrderOfScores) {
  std::vector<float> scores = normal(4000, 1);
  std::sort(scores.begin(), scores.end());
  Fixture ascending(20, 1e-5);
  ascending.add(scores, 300);
  expect_complete(ascending.list, scores, 20, 1e-5);
  std::reverse(scores.begin(), scores.end());
  Fixture descending(20, 1e-5);
  descending.add(scores, 300);
  expect_complete(descending.list, scores, 20, 1e-5);
}

TEST(Shortlist, AnyScaleOfScores) {
  for (const float scale : {1e-38F, 1e-44F, 1e30F}) {
    std::vector<float> scores = normal(3000, 2);
    for (float& score : scores) score *= scale;
    scores[1234] = 1e37F;
    scores[77] = -1e37F;
    Fixture fixture(30, 0.0);
    fixture.add(scores, 256);
    expect_complete(fixture.list, scores, 30, 0.0);
  }
}

TEST(Shortlist, TiesThatFitAreKept) {
  std::vector<float> scores = normal(5000, 3);
  for (std::size_t i = 0; i < 120; ++i) scores[40 * i] = 2.5F;
  Fixture fixture(100, 0.0);
  fixture.add(scores, 256);
  expect_complete(fixture.list, scores, 100, 0.0);
}

// FAULTS D4: more equal keys than slots.
TEST(Shortlist, OverflowsWhereTiesDoNotFit) {
  Fixture fixture(10, 0.0);
  fixture.add(std::vector<float>(5000, 1.0F), 256);
  EXPECT_TRUE(fixture.list.overflowed());
  EXPECT_EQ(fixture.list.filter(), std::numeric_limits<float>::infinity());
}

TEST(Shortlist, AnInfiniteMarginOverflowsAtOnce) {
  Fixture fixture(10, std::numeric_limits<double>::infinity());
  EXPECT_TRUE(fixture.list.overflowed());
  fixture.add({std::numeric_limits<float>::infinity()}, 1);
  EXPECT_TRUE(fixture.list.overflowed());
}

TEST(Shortlist, FilterNeverPassesTheKthBestLessTheMargins) {
  const std::vector<float> scores = normal(20000, 4);
  Fixture fixture(50, 1e-2);
  for (std::size_t seen = 500; seen <= scores.size(); seen += 500) {
    Fixture prefix(50, 1e-2);
    const std::vector<float> part(scores.begin(), scores.begin() + static_cast<std::ptrdiff_t>(seen));
    prefix.add(part, 256);
    std::vector<float> sorted = part;
    std::nth_element(sorted.begin(), sorted.begin() + 49, sorted.end(), std::greater<>());
    ASSERT_LE(static_cast<double>(prefix.list.filter()), static_cast<double>(sorted[49]) - 2e-2);
    ASSERT_GT(prefix.list.filter(), -1.0F);
  }
}

}  // namespace
}  // namespace rattan
