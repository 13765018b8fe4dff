#include "rattan/params.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "tests/support/errors.h"

namespace rattan {
namespace {

// Expects that `member` = `value` is refused with a text that names the parameter and the value.
template <typename Params, typename Member>
void expect_refused(const char* name, Member Params::*member, std::uint32_t value) {
  Params params;
  params.*member = value;
  test::expect_error(ErrorCode::invalid_argument, std::string(name) + " is " + std::to_string(value),
                     [&] { params.validate(); });
}

TEST(Params, DefaultsAreValid) {
  EXPECT_NO_THROW(SearchParams{}.validate());
  EXPECT_NO_THROW(GraphBuildParams{}.validate());
  EXPECT_NO_THROW(IvfBuildParams{}.validate());
  EXPECT_NO_THROW(HnswBuildParams{}.validate());
}

// FAULTS C1: k = 0 is an empty answer, a width of 0 an error. FAULTS A18: hard caps everywhere.
TEST(Params, SearchLimits) {
  SearchParams none;
  none.k = 0;
  EXPECT_NO_THROW(none.validate());
  expect_refused("SearchParams::k", &SearchParams::k, (1U << 20) + 1);
  expect_refused("SearchParams::group", &SearchParams::group, 0);
  expect_refused("SearchParams::group", &SearchParams::group, 32769);
  expect_refused("SearchParams::beam_width", &SearchParams::beam_width, 0);
  expect_refused("SearchParams::expansions", &SearchParams::expansions, 0);
  expect_refused("SearchParams::probes", &SearchParams::probes, 0);
}

TEST(Params, CandidatesMustNotRunBackwards) {
  SearchParams params;
  params.candidate_range = {7, 7};
  EXPECT_NO_THROW(params.validate());
  params.candidate_range = {8, 7};
  test::expect_error(ErrorCode::invalid_argument, "SearchParams::candidate_range", [&] { params.validate(); });
}

TEST(Params, WidthsOfRowsAreAsManyAsTheGroupAndBounded) {
  SearchParams params;
  params.group = 2;
  const auto refused = [&](const std::vector<float>& widths, const char* text) {
    params.row_widths = widths;
    test::expect_error(ErrorCode::invalid_argument, text, [&] { params.validate(); });
  };
  const std::vector<float> right = {1.0F / 16, 16.0F};
  params.row_widths = right;
  EXPECT_NO_THROW(params.validate());
  refused({1.0F}, "SearchParams::row_widths has 1 factors, allowed are 2");
  refused({1.0F, 1.0F, 1.0F}, "SearchParams::row_widths has 3 factors");
  for (const float bad : {0.0F, 16.5F, -1.0F, std::numeric_limits<float>::quiet_NaN()}) {
    refused({1.0F, bad}, "SearchParams::row_widths is");
  }
}

TEST(Params, BuildLimits) {
  expect_refused("GraphBuildParams::max_degree", &GraphBuildParams::max_degree, 0);
  expect_refused("GraphBuildParams::max_degree", &GraphBuildParams::max_degree, 1025);
  expect_refused("GraphBuildParams::entry_points", &GraphBuildParams::entry_points, 0);
  expect_refused("GraphBuildParams::entry_points", &GraphBuildParams::entry_points, 4097);
  expect_refused("IvfBuildParams::lists", &IvfBuildParams::lists, (1U << 24) + 1);
  expect_refused("IvfBuildParams::iterations", &IvfBuildParams::iterations, 0);
  expect_refused("HnswBuildParams::max_degree", &HnswBuildParams::max_degree, 1);
  expect_refused("HnswBuildParams::max_degree", &HnswBuildParams::max_degree, 513);
  expect_refused("HnswBuildParams::build_beam", &HnswBuildParams::build_beam, 0);
}

}  // namespace
}  // namespace rattan
