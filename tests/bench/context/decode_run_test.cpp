#include "bench/context/decode_run.h"

#include <gtest/gtest.h>

#include <cmath>
#include <csignal>

#include "bench/measure/interrupt.h"
#include "tests/bench/groups.h"

namespace rattan::bench {
namespace {

// Gives `share` of 1 in every channel, and remembers which layers were asked.
class MadeDecoder final : public LayerDecoder {
 public:
  explicit MadeDecoder(float share) : share_(share) {}
  void decode(std::size_t layer, MatrixView, std::span<float> output) override {
    asked.push_back(layer);
    std::fill(output.begin(), output.end(), share_);
  }
  std::string kinds() const override { return "made"; }

  std::vector<std::size_t> asked;

 private:
  float share_;
};

LayerStack three_layers() {
  const std::vector<HeadSource> heads(2, {"made", 0, 0, [] { return test::small_group(100, 6, 2); }});
  return LayerStack(heads, {.kv_heads = 2, .depth = 3});
}

TEST(DecodeRun, EveryLayerIsTimedInEveryRoundButTheFirst) {
  MadeDecoder one(1);
  MadeDecoder two(1);
  const std::vector<LayerDecoder*> decoders = {&one, &two};
  const auto times = time_decoders(three_layers(), decoders, 2);
  ASSERT_EQ(times.size(), 2U);
  EXPECT_EQ(times[0].size(), 6U);
  EXPECT_EQ(times[1].size(), 6U);
  EXPECT_EQ(two.asked, (std::vector<std::size_t>{0, 1, 2, 0, 1, 2, 0, 1, 2}));
}

// Asks to stop at a call.
class StoppingDecoder final : public LayerDecoder {
 public:
  explicit StoppingDecoder(int calls) : calls_(calls) {}
  void decode(std::size_t, MatrixView, std::span<float>) override {
    if (--calls_ == 0) std::raise(SIGINT);
  }
  std::string kinds() const override { return "made"; }

 private:
  int calls_;
};

TEST(DecodeRun, ASignalEndsItWithTheRoundsThatAreDone) {
  const InterruptGuard guard;
  StoppingDecoder third_round(3 * 2 + 1);
  const std::vector<LayerDecoder*> decoders = {&third_round};
  const auto times = time_decoders(three_layers(), decoders, 1000);
  EXPECT_EQ(times.at(0).size(), 2 * 3U) << "one round was not timed; the one at hand is finished";
}

TEST(DecodeRun, OutputErrorIsRelative) {
  const LayerStack stack = three_layers();
  MadeDecoder exact(2);
  MadeDecoder other(1);
  EXPECT_DOUBLE_EQ(output_error(stack, other, exact, 3), 0.5);
  EXPECT_EQ(output_error(stack, exact, exact, 3), 0);
}

TEST(DecodeRun, ExponentOfAPowerLaw) {
  const std::vector<double> keys = {16, 128, 1024};
  std::vector<double> times;
  for (const double n : keys) times.push_back(3 * std::pow(n, 0.25));
  EXPECT_NEAR(growth_exponent(keys, times), 0.25, 1e-12);
  EXPECT_TRUE(std::isnan(growth_exponent(std::vector<double>{8, 8}, std::vector<double>{1, 2})));
}

}  // namespace
}  // namespace rattan::bench
