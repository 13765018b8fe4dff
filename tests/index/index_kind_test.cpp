#include "index/index_kind.h"

#include <gtest/gtest.h>

#include <vector>

#include "index/registry.h"
#include "tests/support/errors.h"

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

TEST(IndexKind, RowsOfAGroupGetTheWidthsThatWereFoundForThem) {
  const std::vector<float> factors = {0.5F, 1.0F, 2.25F};
  const FoundWidth found{find_kind("graph"), 10, 40, factors};
  const auto applied = [&](const FoundWidth& width, SearchParams params) {
    width.apply(10, params);
    return std::vector<float>(params.row_widths.begin(), params.row_widths.end());
  };
  SearchParams three;
  three.group = 3;
  EXPECT_EQ(applied(found, three), factors);
  SearchParams two;
  two.group = 2;
  EXPECT_TRUE(applied(found, two).empty());
  SearchParams by_caller = three;
  by_caller.beam_width = 30;
  EXPECT_TRUE(applied(found, by_caller).empty());
  EXPECT_TRUE(applied({find_kind("scan4"), 10, 40, factors}, three).empty());
}

TEST(IndexKind, WidthsOfRowsAreReadAsTheyWereWritten) {
  const std::vector<float> factors = {least_row_width, 1.0F, 1.3125F, most_row_width};
  ByteWriter out;
  write_row_widths(out, factors);
  ByteReader in(out.view(), "file");
  EXPECT_EQ(read_row_widths(in), factors);
  for (const std::uint32_t steps : {0U, 15U, 4097U, ~0U}) {
    ByteWriter hostile;
    hostile.u32(1);
    hostile.u32(steps);
    ByteReader wrong(hostile.view(), "file");
    test::expect_error(ErrorCode::corrupt, "width of a row", [&] { read_row_widths(wrong); });
  }
  ByteWriter many;
  many.u32(~0U);
  ByteReader wrong(many.view(), "file");
  test::expect_error(ErrorCode::corrupt, "rows with widths of their own", [&] { read_row_widths(wrong); });
}

}  // namespace
}  // namespace rattan
