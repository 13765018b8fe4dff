#include "context/head_kind.h"

#include <gtest/gtest.h>

#include "index/registry.h"
#include "tests/support/errors.h"

namespace rattan::test {
namespace {

std::vector<std::string_view> names_of(const std::vector<const IndexKind*>& kinds) {
  std::vector<std::string_view> names;
  for (const IndexKind* kind : kinds) names.push_back(kind->name);
  return names;
}

using Names = std::vector<std::string_view>;

TEST(HeadKinds, EachIsTheRowOfItsName) {
  EXPECT_EQ(find_kind(HeadKind::automatic), nullptr);
  EXPECT_EQ(find_kind(HeadKind::flat), find_kind("flat"));
  EXPECT_EQ(find_kind(HeadKind::scan4), find_kind("scan4"));
  EXPECT_EQ(find_kind(HeadKind::graph), find_kind("graph"));
  EXPECT_EQ(last_head_kind(), static_cast<std::uint32_t>(HeadKind::graph));
  EXPECT_EQ(to_string(HeadKind::automatic), "auto");
  EXPECT_EQ(to_string(HeadKind::scan4), "scan4");
}

TEST(HeadKinds, NamesAreReadBack) {
  for (std::uint32_t number = 0; number <= last_head_kind(); ++number) {
    const auto kind = static_cast<HeadKind>(number);
    EXPECT_EQ(parse_head_kind(to_string(kind)), kind);
  }
  expect_error(ErrorCode::invalid_argument, "way is \"tree\", allowed is auto, flat, scan4 or graph",
               [] { parse_head_kind("tree", "way"); });
  expect_error(ErrorCode::invalid_argument, "kind is \"\"", [] { parse_head_kind(""); });
}

TEST(HeadKinds, EveryNumberOfAHeadIsOfAContender) {
  for (std::uint32_t number = 1; number <= last_head_kind(); ++number) {
    const IndexKind* const kind = find_head_kind(number);
    ASSERT_NE(kind, nullptr) << number;
    EXPECT_TRUE(kind->contender) << kind->name;
  }
}

TEST(HeadKinds, WhatIsAskedIsAllowedBesideTheExactOne) {
  EXPECT_EQ(names_of(allowed_kinds(HeadKind::automatic, true)), (Names{"flat", "scan4", "graph"}));
  EXPECT_EQ(names_of(allowed_kinds(HeadKind::automatic, false)), (Names{"flat", "scan4"}));
  EXPECT_EQ(names_of(allowed_kinds(HeadKind::flat, true)), Names{"flat"});
  EXPECT_EQ(names_of(allowed_kinds(HeadKind::scan4, true)), (Names{"flat", "scan4"}));
  EXPECT_EQ(names_of(allowed_kinds(HeadKind::graph, true)), (Names{"flat", "graph"}));
  EXPECT_EQ(names_of(allowed_kinds(HeadKind::graph, false)), (Names{"flat", "scan4"}));
  EXPECT_EQ(names_of_linked(HeadKind::automatic), "graph");
  EXPECT_EQ(names_of_linked(HeadKind::scan4), "");
}

}  // namespace
}  // namespace rattan::test
