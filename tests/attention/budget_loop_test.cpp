#include "attention/budget_loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "tests/attention/clustered_keys.h"
#include "tests/support/allocations.h"
#include "tests/support/errors.h"

namespace rattan::test {
namespace {

constexpr std::size_t key_count = 1200;
constexpr double scale = 0.5;
using Rows = std::vector<std::size_t>;

// A search that finds the best keys exactly, into buffers that every call overwrites.
class ExactSearch {
 public:
  ExactSearch(MatrixView queries, MatrixView keys) {
    for (std::size_t row = 0; row < queries.rows; ++row) {
      sorted_.push_back(best_of(queries, row, keys, keys.rows));
      scores_.push_back(scores_of(queries, row, keys, sorted_.back()));
    }
    ids_.resize(queries.rows * keys.rows);
    values_.resize(queries.rows * keys.rows);
  }

  void operator()(std::span<const std::size_t> rows, std::uint32_t k, std::span<Retrieved> results) {
    if (record) asked.emplace_back(Rows(rows.begin(), rows.end()), k);
    std::ranges::fill(ids_, no_key);
    std::ranges::fill(values_, -1e9F);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto place = static_cast<std::ptrdiff_t>(i * key_count);
      std::copy_n(sorted_[rows[i]].begin(), k, ids_.begin() + place);
      std::copy_n(scores_[rows[i]].begin(), k, values_.begin() + place);
      results[i] = {std::span(ids_).subspan(i * key_count, k), std::span(values_).subspan(i * key_count, k)};
    }
  }

  Rows best(std::size_t row, std::size_t count) const {
    return {sorted_[row].begin(), sorted_[row].begin() + static_cast<std::ptrdiff_t>(count)};
  }

  bool record = true;
  std::vector<std::pair<Rows, std::uint32_t>> asked;

 private:
  std::vector<std::vector<KeyId>> sorted_;
  std::vector<std::vector<float>> scores_;
  std::vector<KeyId> ids_;
  std::vector<float> values_;
};

Budget budget(std::uint32_t k, std::optional<double> epsilon, bool estimate, std::uint32_t most_k = 8192) {
  return {.k = k, .epsilon = epsilon, .most_k = most_k, .estimate_unread = estimate};
}

class BudgetLoopTest : public ::testing::Test {
 protected:
  BudgetLoopTest() { estimate_.prepare(queries_.view, blocks_, scale); }

  bool run(const Budget& asked) { return run(asked, asked.k); }
  bool run(const Budget& asked, std::uint32_t first_k) {
    return loop_.run({asked, first_k, key_count, window_lse_}, estimate_, std::ref(search_));
  }
  Rows ids(std::size_t row) const {
    const auto found = loop_.retrieved()[row].ids;
    return {found.begin(), found.end()};
  }

  SharedMatrix keys_ = random_matrix(key_count, 16, 1);
  SharedMatrix queries_ = random_matrix(3, 16, 2);
  KeyClusters clusters_{test::checked(keys_), test::checked(keys_), 0, {.clusters = 48}};
  std::vector<const KeyClusters*> blocks_{&clusters_};
  std::vector<float> window_lse_ = {1, 20, 1};  // row 1 needs few keys: the window holds nearly all of its softmax
  ExactSearch search_{queries_.view, keys_.view};
  UnreadEstimate estimate_;
  BudgetLoop loop_;
};

TEST_F(BudgetLoopTest, AFixedBudgetSearchesOnce) {
  for (const bool estimate : {false, true}) {
    search_.asked.clear();
    ASSERT_TRUE(run(budget(20, {}, estimate)));
    ASSERT_EQ(search_.asked.size(), 1U);
    EXPECT_EQ(search_.asked.front(), std::pair(Rows{0, 1, 2}, 20U));
    for (std::size_t row = 0; row < 3; ++row) {
      EXPECT_EQ(ids(row), search_.best(row, 20));
      EXPECT_EQ(loop_.weights()[row].retrieved.size(), 20U);
      EXPECT_EQ(loop_.weights()[row].unread_lse() > log_of_nothing, estimate);
    }
  }
}

// What is done keeps its keys though the search has overwritten them since.
TEST_F(BudgetLoopTest, OnlyRowsThatNeedMoreAreSearchedAgain) {
  for (const bool estimate : {false, true}) {
    search_.asked.clear();
    ASSERT_TRUE(run(budget(4, estimate ? 0.003 : 0.3, estimate)));
    ASSERT_GT(search_.asked.size(), 1U);
    EXPECT_EQ(search_.asked[0], std::pair(Rows{0, 1, 2}, 4U));
    EXPECT_EQ(search_.asked[1].first, (Rows{0, 2}));
    for (std::size_t i = 1; i < search_.asked.size(); ++i)
      EXPECT_GT(search_.asked[i].second, search_.asked[i - 1].second);
    EXPECT_EQ(ids(1), search_.best(1, 4));
    for (std::size_t row = 0; row < 3; ++row) {
      EXPECT_EQ(ids(row), search_.best(row, ids(row).size()));
      EXPECT_EQ(loop_.weights()[row].retrieved.size(), ids(row).size()) << "weights are of what was kept";
    }
    EXPECT_GT(ids(0).size(), 4U);
  }
}

TEST_F(BudgetLoopTest, WidthsFollowWhatTheCutWants) {
  const Budget asked = budget(4, 0.003, true);
  ASSERT_TRUE(run(asked));
  std::size_t wanted = 0;
  for (const std::size_t row : {0U, 2U}) {
    const auto found = best_of(queries_.view, row, keys_.view, 4);
    const auto scores = scores_of(queries_.view, row, keys_.view, found);
    RowWeights weights;
    estimate_.weigh(row, {found, scores}, weights);
    const BudgetCut cut =
        cut_to_uncertainty(scores, scale, 1, weights.unread_lse(), weights.uncertainty_lse(), 0.003, 4);
    wanted = std::max(wanted, cut.wanted);
  }
  EXPECT_EQ(search_.asked[1].second, wanted);
}

TEST_F(BudgetLoopTest, TheEstimateIsOfWhatWasKept) {
  ASSERT_TRUE(run(budget(2, 0.02, true), 200));
  for (std::size_t row = 0; row < 3; ++row) {
    ASSERT_LT(ids(row).size(), 200U);
    RowWeights alone;
    estimate_.weigh(row, loop_.retrieved()[row], alone);
    EXPECT_EQ(loop_.weights()[row].lse(), alone.lse());
    EXPECT_EQ(loop_.weights()[row].unread_lse(), alone.unread_lse());
  }
}

TEST_F(BudgetLoopTest, WithoutAnEstimateUnreadKeysAreAsGoodAsTheWorstFound) {
  estimate_.prepare(queries_.view, {}, scale);
  search_.asked.clear();
  ASSERT_TRUE(run(budget(4, 0.5, true)));
  const std::size_t k = search_.asked.back().second;
  const auto found = best_of(queries_.view, 0, keys_.view, k);
  const auto scores = scores_of(queries_.view, 0, keys_.view, found);
  const auto unread = static_cast<float>(std::log(key_count - k) + scale * static_cast<double>(scores.back()));
  EXPECT_EQ(ids(0).size(), cut_to_mass(scores, scale, 1, unread, 0.5).keep);
}

TEST_F(BudgetLoopTest, WhereAsManyAreWantedAsThereAreAllAreAttended) {
  EXPECT_FALSE(run(budget(key_count, {}, true)));
  EXPECT_TRUE(search_.asked.empty());
  EXPECT_FALSE(run(budget(4, 1e-9, true)));
  EXPECT_FALSE(search_.asked.empty());
}

TEST_F(BudgetLoopTest, NoMoreAreRetrievedThanTheBudgetAllows) {
  ASSERT_TRUE(run(budget(4, 1e-9, true, 30)));
  for (std::size_t row = 0; row < 3; ++row) EXPECT_EQ(ids(row).size(), 30U);
  EXPECT_EQ(search_.asked.back().second, 30U);
}

TEST_F(BudgetLoopTest, KeepsAtLeastK) {
  ASSERT_TRUE(run(budget(10, 0.999, false), 50));
  for (std::size_t row = 0; row < 3; ++row) EXPECT_EQ(ids(row).size(), 10U);
}

TEST_F(BudgetLoopTest, AGroupHasOneRowAtLeast) {
  window_lse_.clear();
  expect_error(ErrorCode::invalid_argument, "window_lse", [&] { run(budget(4, {}, true)); });
}

TEST_F(BudgetLoopTest, AllocatesNothingOnceWarm) {
  search_.record = false;
  const auto all = [&] {
    for (const bool estimate : {false, true}) {
      run(budget(4, {}, estimate));
      run(budget(4, 0.3, estimate, 900));
      run(budget(4, 0.003, estimate, 900));
    }
  };
  all();
  const std::size_t before = thread_allocations();
  all();
  EXPECT_EQ(thread_allocations(), before);
}

}  // namespace
}  // namespace rattan::test
