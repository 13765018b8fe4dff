#include "graph/beam.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "core/random.h"

namespace rattan {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

// A sorted vector that is searched from its beginning each time.
class Model {
 public:
  explicit Model(std::size_t width) : width_(width) {}

  void insert(float score, KeyId id) {
    kept_.push_back({score, id});
    std::sort(kept_.begin(), kept_.end(), better);
    if (kept_.size() > width_) kept_.pop_back();
  }
  KeyId next(const std::set<KeyId>& expanded) const {
    for (const Neighbor& kept : kept_) {
      if (!expanded.contains(kept.id)) return kept.id;
    }
    return no_key;
  }
  const std::vector<Neighbor>& sorted() const { return kept_; }

 private:
  std::size_t width_;
  std::vector<Neighbor> kept_;
};

std::vector<Neighbor> content(const Beam& beam) {
  std::vector<Neighbor> all;
  for (std::size_t i = 0; i < beam.size(); ++i) all.push_back(beam[i]);
  return all;
}

KeyId next(Beam& beam, const std::set<KeyId>& expanded) {
  return beam.next([&](KeyId id) { return expanded.contains(id); });
}

// Few different scores, so that ties are common; keys are expanded by this beam and, as by another head, at random.
TEST(Beam, IsASortedVectorUnderRandomOperations) {
  Beam beam;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const std::size_t width = 1 + random_below(seed, 0, 12);
    beam.reset(width);
    Model model(width);
    std::set<KeyId> expanded;
    for (std::uint64_t step = 0; step < 150; ++step) {
      const std::uint64_t draw = random_below(seed, 3 * step + 1, 10);
      if (draw < 6) {
        const auto score = static_cast<float>(random_below(seed, 3 * step + 2, 20));
        const auto id = static_cast<KeyId>((step * 37) % 151);
        beam.insert(score, id);
        model.insert(score, id);
      } else if (draw < 9) {
        const KeyId wanted = model.next(expanded);
        ASSERT_EQ(next(beam, expanded), wanted) << "seed " << seed << " step " << step;
        ASSERT_EQ(beam.peek(), wanted) << "seed " << seed << " step " << step;
        if (wanted == no_key) continue;
        expanded.insert(wanted);
        if (draw == 8) beam.skip();
      } else {
        expanded.insert(static_cast<KeyId>(random_below(seed, 3 * step + 2, 151)));
      }
      ASSERT_EQ(content(beam), model.sorted()) << "seed " << seed << " step " << step;
    }
  }
}

TEST(Beam, TheThresholdIsTheLastScoreOnceItIsFull) {
  Beam beam;
  beam.reset(2);
  EXPECT_EQ(beam.threshold(), -infinity);
  beam.insert(3, 1);
  EXPECT_EQ(beam.threshold(), -infinity);
  beam.insert(1, 2);
  EXPECT_EQ(beam.threshold(), 1);
  beam.insert(2, 3);
  EXPECT_EQ(beam.threshold(), 2);
}

TEST(Beam, ATieAtTheEndGoesToTheSmallerId) {
  Beam beam;
  beam.reset(1);
  beam.insert(1, 5);
  beam.insert(1, 6);
  EXPECT_EQ(content(beam), (std::vector<Neighbor>{{1, 5}}));
  beam.insert(1, 4);
  EXPECT_EQ(content(beam), (std::vector<Neighbor>{{1, 4}}));
}

TEST(Beam, SkipStepsOverTheNamedKey) {
  Beam beam;
  beam.reset(3);
  EXPECT_EQ(beam.peek(), no_key);
  for (const KeyId id : {1U, 2U, 3U}) beam.insert(-static_cast<float>(id), id);
  EXPECT_EQ(next(beam, {}), 1U);
  beam.skip();
  EXPECT_EQ(beam.peek(), 2U);
  beam.insert(0, 4);
  EXPECT_EQ(next(beam, {1}), 4U);
  beam.skip();
  EXPECT_EQ(next(beam, {1, 4}), 2U);
  beam.skip();
  EXPECT_EQ(next(beam, {1, 4, 2}), no_key);
}

TEST(Beam, ResetForgets) {
  Beam beam;
  beam.reset(3);
  beam.insert(1, 1);
  EXPECT_EQ(next(beam, {1}), no_key);
  beam.reset(1);
  EXPECT_EQ(beam.size(), 0U);
  beam.insert(-infinity, 2);
  EXPECT_EQ(next(beam, {}), 2U);
}

TEST(PackedNeighbor, KeepsScoreAndId) {
  const float tiny = std::numeric_limits<float>::denorm_min();
  for (const float score : {0.0F, 1.5F, -1.5F, tiny, -tiny, 3e38F, -3e38F, infinity, -infinity}) {
    for (const KeyId id : {KeyId{0}, KeyId{1}, KeyId{1} << 31, no_key - 1}) {
      EXPECT_EQ(unpack(pack({score, id})), (Neighbor{score, id}));
    }
  }
  EXPECT_EQ(pack({-0.0F, 7}), pack({0.0F, 7}));
}

TEST(PackedNeighbor, OrdersAsBetterDoes) {
  std::vector<Neighbor> all;
  for (const float score : {0.0F, -0.0F, 1.0F, -1.0F, 1e-40F, -1e-40F, 2e38F, -2e38F, infinity, -infinity}) {
    for (const KeyId id : {KeyId{0}, KeyId{5}, no_key - 1}) all.push_back({score, id});
  }
  for (std::uint64_t i = 0; i < 50; ++i) {
    all.push_back({static_cast<float>(random_normal(3, i)), static_cast<KeyId>(random_bits(4, i))});
  }
  for (const Neighbor& a : all) {
    for (const Neighbor& b : all) EXPECT_EQ(pack(a) > pack(b), better(a, b)) << a.score << " " << b.score;
  }
}

}  // namespace
}  // namespace rattan
