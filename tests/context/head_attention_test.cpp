#include "context/head_attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "tests/context/attend_token.h"
#include "tests/context/synthetic_head.h"
#include "tests/support/reference.h"

namespace rattan::test {
namespace {

struct Attended {
  std::vector<float> output = std::vector<float>(16);
  std::vector<float> lse = std::vector<float>(2);
  DecodeStats cost;
};

Attended attend(const KvHead& grown, const SyntheticHead& head, std::size_t tokens, const Budget& budget,
                HeadScratch& scratch) {
  Attended result;
  result.cost = attend_token(grown, head.asked(tokens - 1).view, tokens, budget, SyntheticHead::scale, result.output,
                             result.lse, scratch);
  return result;
}

Budget plain(std::uint32_t k) {
  Budget budget;
  budget.k = k;
  budget.estimate_unread = false;
  return budget;
}

// Over the first `tokens` tokens, by token.
double worst_error(const Attended& found, const SyntheticHead& head, std::size_t tokens) {
  const SharedMatrix asked = head.asked(tokens - 1);
  double worst = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    const ReferenceAttention exact =
        reference_attention(asked.view, i, head.keys.view, head.values.view, all_ids(tokens), SyntheticHead::scale);
    worst = std::max(worst, std::abs(exact.lse - static_cast<double>(found.lse[i])));
    for (std::size_t c = 0; c < 8; ++c) {
      worst = std::max(worst, std::abs(exact.output[c] - static_cast<double>(found.output[i * 8 + c])));
    }
  }
  return worst;
}

class HeadAttentionTest : public testing::Test {
 protected:
  HeadScratch scratch;
};

TEST_F(HeadAttentionTest, AllKeysAreAttendedWhereAllAreAsked) {
  for (const HeadKind kind : {HeadKind::flat, HeadKind::scan4, HeadKind::graph}) {
    const SyntheticHead head(kind, 500);
    KvHead grown(head.prefix, head.params);
    EXPECT_LE(worst_error(attend(grown, head, 500, plain(5000), scratch), head, 500), 1e-5);
    grown.append(test::checked(head.keys).slice(500, 300), test::checked(head.values).slice(500, 300));
    grown.seal(grown.sealable(800), serial_executor());
    const Attended found = attend(grown, head, 800, plain(5000), scratch);
    EXPECT_LE(worst_error(found, head, 800), 1e-5);
    EXPECT_EQ(found.cost.keys_scored, 800U);
    EXPECT_EQ(found.cost.values_read, 800U);
    EXPECT_EQ(found.cost.keys_window, 2 * 40U);
    EXPECT_EQ(found.cost.keys_retrieved, 2 * 760U);
  }
}

TEST_F(HeadAttentionTest, TheTailIsAttendedExactly) {
  const SyntheticHead head(HeadKind::scan4, 500);
  KvHead grown(head.prefix, head.params);
  grown.append(test::checked(head.keys).slice(500, 300), test::checked(head.values).slice(500, 300));
  const DecodeStats cost = attend(grown, head, 800, plain(10), scratch).cost;
  EXPECT_EQ(cost.keys_retrieved, 2 * (300U + 10U));
  EXPECT_EQ(cost.keys_window, 2 * 40U);
}

TEST_F(HeadAttentionTest, TheScratchChangesNothing) {
  const SyntheticHead head(HeadKind::graph, 500);
  const SyntheticHead other(HeadKind::scan4, 300);
  const KvHead grown(head.prefix, head.params);
  const KvHead small(other.prefix, other.params);
  Budget mass;
  mass.epsilon = 0.1;
  for (const Budget& budget : {plain(20), Budget{}, mass}) {
    HeadScratch fresh;
    const Attended first = attend(grown, head, 500, budget, fresh);
    attend(small, other, 300, mass, scratch);
    const Attended second = attend(grown, head, 500, budget, scratch);
    EXPECT_EQ(first.output, second.output);
    EXPECT_EQ(first.lse, second.lse);
    EXPECT_EQ(first.cost.bytes_read, second.cost.bytes_read);
  }
}

TEST_F(HeadAttentionTest, MassBudgetsWidenAndCut) {
  const SyntheticHead head(HeadKind::scan4, 900);
  const KvHead grown(head.prefix, head.params);
  Budget budget = plain(2);
  budget.epsilon = 0.3;
  const Attended found = attend(grown, head, 900, budget, scratch);
  EXPECT_GT(found.cost.keys_retrieved, 2 * 2U);
  EXPECT_LT(found.cost.keys_retrieved, 2 * 860U);
  // The least that is retrieved is budget.k.
  budget.epsilon = 0.999;
  EXPECT_EQ(attend(grown, head, 900, budget, scratch).cost.keys_retrieved, 2 * 2U);
  // Looser budgets retrieve no more.
  std::uint64_t before = ~std::uint64_t{0};
  for (const double epsilon : {0.01, 0.1, 0.3, 0.6}) {
    budget.epsilon = epsilon;
    const std::uint64_t now = attend(grown, head, 900, budget, scratch).cost.keys_retrieved;
    EXPECT_LE(now, before);
    before = now;
  }
}

// A sharp query head is done with the first search, a diffuse one beside it is searched on alone: each gets what it
// would get by itself.
TEST_F(HeadAttentionTest, EachRowOfABudgetIsSearchedAsFarAsItNeeds) {
  const SyntheticHead head(HeadKind::scan4, 900);
  const KvHead grown(head.prefix, head.params);
  const SharedMatrix both = head.asked(899);
  for (std::size_t c = 0; c < 16; ++c) {
    set_element(both, 0, c, 8 * static_cast<float>(element(head.keys.view, 300, c)));
  }
  for (const bool tail : {false, true}) {
    Budget budget = plain(2);
    budget.epsilon = tail ? 0.004 : 0.2;
    budget.estimate_unread = tail;
    std::vector<float> together(16);
    std::vector<float> lse(2);
    const DecodeStats all = attend_token(grown, both.view, 900, budget, SyntheticHead::scale, together, lse, scratch);
    double retrieved = 0;
    for (std::size_t row = 0; row < 2; ++row) {
      std::vector<float> alone(8);
      std::vector<float> alone_lse(1);
      const DecodeStats cost =
          attend_token(grown, both.view.slice(row, 1), 900, budget, SyntheticHead::scale, alone, alone_lse, scratch);
      EXPECT_EQ(cost.keys_retrieved == 2, row == 0) << cost.keys_retrieved;
      retrieved += static_cast<double>(cost.keys_retrieved);
      EXPECT_NEAR(lse[row], alone_lse[0], 1e-3);
      for (std::size_t c = 0; c < 8; ++c) EXPECT_NEAR(together[row * 8 + c], alone[c], 1e-2);
    }
    EXPECT_NEAR(static_cast<double>(all.keys_retrieved), retrieved, 0.1 * retrieved);
  }
}

// Nineteen query heads are parts of seven, six and six, each with the bits that it has by itself; keys that several
// read count once.
TEST_F(HeadAttentionTest, ALargeGroupIsItsParts) {
  for (const HeadKind kind : {HeadKind::flat, HeadKind::scan4, HeadKind::graph}) {
    const SyntheticHead head(kind, 900);
    const KvHead grown(head.prefix, head.params);
    const SharedMatrix queries = random_matrix(19, 16, 5);
    for (const bool estimated : {false, true}) {
      Budget budget = plain(20);
      budget.estimate_unread = estimated;
      std::vector<float> together(19 * 8);
      std::vector<float> lse(19);
      const DecodeStats all =
          attend_token(grown, queries.view, 900, budget, SyntheticHead::scale, together, lse, scratch);
      std::uint64_t retrieved = 0;
      for (const auto& [first, count] : {std::pair<std::size_t, std::size_t>{0, 7}, {7, 6}, {13, 6}}) {
        std::vector<float> part(count * 8);
        std::vector<float> part_lse(count);
        const DecodeStats cost = attend_token(grown, queries.view.slice(first, count), 900, budget,
                                              SyntheticHead::scale, part, part_lse, scratch);
        EXPECT_TRUE(std::equal(part.begin(), part.end(), together.begin() + static_cast<std::ptrdiff_t>(first * 8)));
        EXPECT_TRUE(std::equal(part_lse.begin(), part_lse.end(), lse.begin() + static_cast<std::ptrdiff_t>(first)));
        EXPECT_GE(all.keys_scored, cost.keys_scored);
        EXPECT_GE(all.values_read, cost.values_read);
        retrieved += cost.keys_retrieved;
      }
      EXPECT_EQ(all.keys_retrieved, retrieved);
      EXPECT_LE(all.keys_scored, 900U);
      EXPECT_LE(all.values_read, 900U);
    }
    Budget all_of_it = plain(5);
    all_of_it.epsilon = 1e-9;
    std::vector<float> output(19 * 8);
    std::vector<float> lse(19);
    attend_token(grown, queries.view, 900, all_of_it, SyntheticHead::scale, output, lse, scratch);
    for (std::size_t i = 0; i < 19; ++i) {
      const ReferenceAttention exact =
          reference_attention(queries.view, i, head.keys.view, head.values.view, all_ids(900), SyntheticHead::scale);
      EXPECT_NEAR(lse[i], exact.lse, 1e-5);
      for (std::size_t c = 0; c < 8; ++c) EXPECT_NEAR(output[i * 8 + c], exact.output[c], 1e-5);
    }
  }
}

TEST_F(HeadAttentionTest, MoreThanTheBoundIsNotRetrieved) {
  const SyntheticHead head(HeadKind::scan4, 900);
  const KvHead grown(head.prefix, head.params);
  Budget budget = plain(2);
  budget.epsilon = 1e-9;
  budget.most_k = 50;
  EXPECT_EQ(attend(grown, head, 900, budget, scratch).cost.keys_retrieved, 2 * 50U);
}

}  // namespace
}  // namespace rattan::test
