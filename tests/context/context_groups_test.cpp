// Groups of every size: GQA of 1 to 16, the odd ones, MQA of 71 (Falcon 7B) and the 128 heads of MLA, whose keys are
// longer than its values. Everything against attention in float64.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "context/head_kind.h"
#include "rattan/context.h"
#include "tests/context/synthetic_text.h"

namespace rattan::test {
namespace {

constexpr std::size_t tokens = 160;
constexpr std::size_t window = 40;

using Dims = std::pair<std::uint32_t, std::uint32_t>;

class EveryGroup : public testing::TestWithParam<std::uint32_t> {
 protected:
  static ContextShape shape_of(const Dims& dims) {
    ContextShape shape;
    shape.layers = 1;
    shape.kv_heads = 1;
    shape.query_heads = GetParam();
    shape.key_dim = dims.first;
    shape.value_dim = dims.second;
    shape.dtype = DType::f16;
    return shape;
  }
  static DecodeParams retrieving(std::uint32_t k) {
    DecodeParams params;
    params.budget = Budget{};
    params.budget->k = k;
    params.budget->estimate_unread = false;
    return params;
  }
};

TEST_P(EveryGroup, OfEveryDimAndKindAttendsAsInFloat64) {
  const std::uint32_t group = GetParam();
  for (const Dims& dims : {Dims{64, 64}, {80, 80}, {96, 96}, {128, 128}, {192, 192}, {256, 256}, {576, 512}}) {
    const SyntheticText text(shape_of(dims), tokens);
    for (const HeadKind kind : {HeadKind::flat, HeadKind::scan4, HeadKind::graph}) {
      Context context(text.shape(), small_window(kind, 1024));
      // Without queries a scan for 100 of 120 keys reads all of them in full.
      text.build(context, tokens, kind == HeadKind::graph);
      const Attended full = text.full(0, tokens - 1, tokens);
      const Attended all = text.decode(context, 0, tokens - 1, retrieving(tokens));
      EXPECT_LE(output_error(all, full), 2e-5) << to_string(kind) << " " << dims.first;
      EXPECT_LE(lse_error(all, full), 2e-5) << to_string(kind) << " " << dims.first;
      DecodeStats stats = context.stats();
      EXPECT_EQ(stats.steps, group);
      EXPECT_EQ(stats.keys_scored, tokens);
      EXPECT_EQ(stats.values_read, tokens);
      if (kind != HeadKind::scan4) continue;
      context.reset_stats();
      const Attended best = text.best(0, tokens - 1, tokens, 8, 32, 100);
      const Attended found = text.decode(context, 0, tokens - 1, retrieving(100));
      EXPECT_LE(output_error(found, best), 2e-5) << dims.first;
      EXPECT_LE(lse_error(found, best), 2e-5) << dims.first;
      stats = context.stats();
      EXPECT_EQ(stats.keys_retrieved, 100U * group);
      EXPECT_LE(stats.keys_scored, tokens);
      EXPECT_LE(stats.values_read, tokens);
      EXPECT_GE(stats.values_read, window + 100);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Heads, EveryGroup, testing::Values(1, 2, 3, 5, 6, 7, 8, 12, 14, 16, 71, 128),
                         [](const auto& tested) { return std::to_string(tested.param); });

}  // namespace
}  // namespace rattan::test
