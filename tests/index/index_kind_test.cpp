#include "index/index_kind.h"

#include <gtest/gtest.h>

#include "index/registry.h"

namespace rattan {
namespace {

TEST(IndexKind, WidthsOfTheCallerStay) {
  const IndexKind& graph = *find_kind("graph");
  const IndexKind& scan4 = *find_kind("scan4");
  SearchParams params;
  graph.apply_width(50, params);
  EXPECT_EQ(params.beam_width, 50U);
  EXPECT_FALSE(params.rerank.has_value());
  scan4.apply_width(70, params);
  EXPECT_EQ(params.rerank, 70U);
  graph.apply_width(99, params);
  scan4.apply_width(99, params);
  EXPECT_EQ(params.beam_width, 50U);
  EXPECT_EQ(params.rerank, 70U);
  SearchParams untouched;
  find_kind("flat")->apply_width(5, untouched);
  EXPECT_FALSE(untouched.beam_width.has_value());
}

TEST(IndexKind, AFoundWidthIsInProportionToK) {
  const FoundWidth found{find_kind("scan4"), 10, 25};
  const auto rerank_at = [](const FoundWidth& width, std::uint32_t k) {
    SearchParams params;
    width.apply(k, params);
    return params.rerank;
  };
  EXPECT_EQ(rerank_at(found, 10), 25U);
  EXPECT_EQ(rerank_at(found, 3), 8U);
  EXPECT_EQ(rerank_at(found, 1U << 20), 2621440U);
  EXPECT_EQ(rerank_at({find_kind("scan4"), 1, 1U << 24}, 5), 1U << 24);
  EXPECT_FALSE(rerank_at({find_kind("scan4"), 10, 0}, 10));
  EXPECT_FALSE(rerank_at({}, 10));
}

}  // namespace
}  // namespace rattan
