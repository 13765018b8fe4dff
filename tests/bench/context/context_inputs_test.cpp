#include "bench/context/context_inputs.h"

#include <gtest/gtest.h>

#include "tests/bench/groups.h"

namespace rattan::bench {
namespace {

TEST(ContextInputs, AreThoseOfTheHeadsOfALayer) {
  const std::vector<datasets::KvGroup> groups(3, test::small_group(40, 4, 2));
  const ContextShape shape = context_shape(groups, 7);
  EXPECT_EQ(shape.layers, 7U);
  EXPECT_EQ(shape.query_heads, 6U);
  EXPECT_EQ(shape.kv_heads, 3U);
  EXPECT_EQ(shape.key_dim, 16U);
  EXPECT_EQ(shape.value_dim, 16U);
  EXPECT_EQ(shape.dtype, DType::f32);
  EXPECT_EQ(prefill_queries(groups).size(), 6U);
}

TEST(ContextInputs, KindsHaveNames) {
  EXPECT_EQ(head_kind("full"), HeadKind::flat);
  EXPECT_EQ(head_kind("scan4"), HeadKind::scan4);
  EXPECT_EQ(head_kind("graph"), HeadKind::graph);
  EXPECT_EQ(head_kind("auto"), HeadKind::automatic);
  EXPECT_EQ(searched_kinds(), (std::vector<std::string>{"scan4", "graph"}));
}

}  // namespace
}  // namespace rattan::bench
