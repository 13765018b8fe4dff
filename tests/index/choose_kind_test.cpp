#include "index/choose_kind.h"

#include <gtest/gtest.h>

#include "index/registry.h"
#include "rattan/exact_topk.h"
#include "tests/support/matrices.h"

namespace rattan {
namespace {

using test::random_matrix;

std::vector<std::string_view> names_of(const std::vector<const IndexKind*>& kinds) {
  std::vector<std::string_view> names;
  for (const IndexKind* kind : kinds) names.push_back(kind->name);
  return names;
}

class ChooseKind : public testing::Test {
 protected:
  ChooseKind() {
    links_.push_back(make_exact_topk_cpu()->find(random_matrix(2000, 32, 3).view, keys_.view, 16, inputs_.metric));
    inputs_.keys = test::checked(keys_);
    inputs_.links = links_;
    inputs_.calibration = queries_.view;
    inputs_.params.automatic.k = 10;
    inputs_.params.automatic.group = 2;
  }
  // The kind whose searches cost nothing, where those of all others do.
  ChosenKind choose_favourite(std::string_view name) {
    return choose_kind(
        contenders(true), inputs_,
        [&](const IndexKind& kind, double microseconds) { return kind.name == name ? 0 : microseconds; }, nullptr);
  }

  SharedMatrix keys_ = random_matrix(5000, 32, 1);
  SharedMatrix queries_ = random_matrix(16, 32, 2);
  std::vector<NeighborTable> links_;
  BuildInputs inputs_;
};

TEST_F(ChooseKind, ContendersBeginWithTheExactOneAndThoseThatNeedLinksComeLast) {
  EXPECT_EQ(names_of(contenders(false)), (std::vector<std::string_view>{"flat", "scan4"}));
  EXPECT_EQ(names_of(contenders(true)), (std::vector<std::string_view>{"flat", "scan4", "graph"}));
}

TEST_F(ChooseKind, TheOneOfLeastCostIsKept) {
  for (const std::string_view name : {"flat", "scan4", "graph"}) {
    const ChosenKind chosen = choose_favourite(name);
    EXPECT_EQ(chosen.index->kind(), name);
    EXPECT_EQ(chosen.width.kind, find_kind(name));
    EXPECT_EQ(chosen.width.k, 10U);
    EXPECT_EQ(chosen.width.width == 0, name == "flat");
    EXPECT_EQ(chosen.measured.size(), 3U);
  }
}

TEST_F(ChooseKind, AKindThatDoesNotReachTheRecallIsNotChosenForItsCost) {
  const SharedMatrix strange = random_matrix(16, 32, 4);
  IndexKind broken = *find_kind("scan4");
  broken.build = [](const BuildInputs& in, BuildStats*) { return build_scan4(random_matrix(5000, 32, 9), in.metric); };
  const std::vector<const IndexKind*> kinds{find_kind("flat"), &broken};
  const ChosenKind chosen = choose_kind(
      kinds, inputs_, [](const IndexKind& kind, double) { return kind.exact ? 1e9 : 0; }, nullptr);
  EXPECT_EQ(chosen.index->kind(), "flat");
  EXPECT_NE(chosen.words(" ", ", ").find("is not enough"), std::string::npos) << chosen.words(" ", ", ");
}

TEST_F(ChooseKind, WordsNameEveryContenderAndWhatItCosts) {
  const ChosenKind chosen = choose_kind(
      contenders(true), inputs_, [](const IndexKind& kind, double) { return kind.exact ? 70 : 50; }, nullptr);
  const std::string words = chosen.words(": ", "; ");
  EXPECT_EQ(words.find("flat: all keys in 70 us; scan4: width "), 0U) << words;
  EXPECT_NE(words.find("; graph: width "), std::string::npos) << words;
  EXPECT_NE(words.find(" recall "), std::string::npos) << words;
  EXPECT_EQ(words.substr(words.size() - 9), " in 50 us") << words;
}

TEST_F(ChooseKind, AKindThatIsTakenHasItsWidthMeasuredAndNoTime) {
  BuildStats stats;
  const ChosenKind taken = take_kind(*find_kind("scan4"), *find_kind("flat"), inputs_, &stats);
  EXPECT_EQ(taken.index->kind(), "scan4");
  EXPECT_EQ(taken.width.width, choose_favourite("scan4").width.width);
  ASSERT_EQ(taken.measured.size(), 1U);
  EXPECT_EQ(taken.measured[0].text.find("us"), std::string::npos) << taken.measured[0].text;
  EXPECT_EQ(stats.stages.back().first, "calibrate");
}

}  // namespace
}  // namespace rattan
