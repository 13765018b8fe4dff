#include "bench/context/layer_decoder.h"

#include <gtest/gtest.h>

#include "bench/context/decode_run.h"
#include "core/parallel.h"
#include "tests/bench/groups.h"

namespace rattan::bench {
namespace {

class LayerDecoderTest : public ::testing::Test {
 protected:
  LayerDecoderTest() : stack_(sources(), {.kv_heads = 2, .depth = 4}) {
    params_.softmax_scale = stack_.softmax_scale();
    params_.sinks = 8;
    params_.recent = 16;
    params_.clusters = 16;
    params_.executor = &serial_executor();
  }

  static std::vector<HeadSource> sources() {
    return std::vector<HeadSource>(4, {"made", 0, 0, [] { return test::small_group(400, 6, 2); }});
  }

  std::unique_ptr<LayerDecoder> by(HeadKind kind, std::uint32_t k, bool estimate) {
    params_.kind = kind;
    return decode_by(build_context(stack_, params_, stats_), {.k = k, .epsilon = {}, .estimate_unread = estimate});
  }

  std::vector<float> output(LayerDecoder& decoder, std::size_t layer) {
    std::vector<float> out(stack_.query_heads() * stack_.value_dim());
    decoder.decode(layer, stack_.step(layer, 3), out);
    return out;
  }

  LayerStack stack_;
  ContextParams params_;
  BuildStats stats_;
};

TEST_F(LayerDecoderTest, CopiedLayersAnswerAsTheirOriginals) {
  for (const HeadKind kind : {HeadKind::flat, HeadKind::scan4, HeadKind::graph}) {
    const auto decoder = by(kind, 20, true);
    for (const std::size_t copy : {std::size_t{2}, std::size_t{3}}) {
      EXPECT_EQ(output(*decoder, copy), output(*decoder, copy - 2));
    }
  }
}

TEST_F(LayerDecoderTest, TheHonestFlatIsFullAttentionWhereItFindsEveryKey) {
  const auto full = by(HeadKind::flat, 20, false);
  const auto flat = decode_flat(stack_, params_, 400);
  EXPECT_LT(output_error(stack_, *flat, *full, 6), 1e-5);
  const auto few = decode_flat(stack_, params_, 5);
  EXPECT_GT(output_error(stack_, *few, *full, 6), 1e-3);
}

TEST_F(LayerDecoderTest, AGraphThatReadsEveryKeyFindsWhatFlatFinds) {
  const auto flat = decode_flat(stack_, params_, 20);
  params_.recall = 1;
  const auto graph = by(HeadKind::graph, 20, false);
  EXPECT_LT(output_error(stack_, *graph, *flat, 6), 0.2);
}

TEST_F(LayerDecoderTest, CostIsTheMeanOfTheCalls) {
  const auto flat = decode_flat(stack_, params_, 20);
  static_cast<void>(output(*flat, 0));
  static_cast<void>(output(*flat, 1));
  EXPECT_EQ(flat->cost().keys, 2 * 400);
  const double key_bytes = 2.0 * 400 * 16 * sizeof(float);
  EXPECT_GT(flat->cost().bytes, key_bytes);
  EXPECT_LE(flat->cost().bytes, key_bytes + 2.0 * (24 + 2 * 20) * 16 * sizeof(float));
  const auto full = by(HeadKind::flat, 20, false);
  static_cast<void>(output(*full, 0));
  EXPECT_EQ(full->cost().keys, 2 * 400);
  EXPECT_EQ(full->cost().bytes, 2 * key_bytes);
  EXPECT_EQ(full->kinds(), "flat x 8");
}

}  // namespace
}  // namespace rattan::bench
