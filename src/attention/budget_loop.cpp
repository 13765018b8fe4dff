#include "attention/budget_loop.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/check.h"

namespace rattan {
namespace {

// Where nothing estimates them, no unread key is taken to be worse than the worst that was found.
float unread_as_the_worst(const Retrieved& found, std::size_t searched, double scale) {
  const std::size_t unread = searched - found.ids.size();
  if (unread == 0 || found.ids.empty()) return log_of_nothing;
  return static_cast<float>(std::log(static_cast<double>(unread)) + scale * static_cast<double>(found.scores.back()));
}

}  // namespace

bool BudgetLoop::run(const GroupBudget& asked, UnreadEstimate& estimate, const GroupSearch& search) {
  check_range<std::size_t>("rows of window_lse", asked.window_lse.size(), 1, no_key);
  grow(asked.window_lse.size());
  pending_count_ = rows_;
  std::iota(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(rows_), std::size_t{0});
  std::ranges::fill(weighed_, 0);
  for (std::uint32_t k = asked.first_k; pending_count_ != 0;) {
    if (k >= asked.searched) return false;
    search_pending(k, search);
    k = cut_pending(asked, estimate, k);
  }
  weigh_all(asked.budget, estimate);
  return true;
}

void BudgetLoop::grow(std::size_t rows) {
  rows_ = rows;
  if (rows <= copies_.size()) return;  // the last to grow: where memory was short the others are grown again
  for (auto* const numbers : {&pending_, &done_}) numbers->resize(rows);
  for (auto* const lists : {&results_, &retrieved_}) lists->resize(rows);
  weights_.resize(rows);
  weighed_.resize(rows);
  copies_.resize(rows);
}

void BudgetLoop::search_pending(std::uint32_t k, const GroupSearch& search) {
  search(pending(), k, std::span(results_).first(pending_count_));
  for (std::size_t i = 0; i < pending_count_; ++i) {
    retrieved_[pending_[i]] = results_[i];
    weighed_[pending_[i]] = 0;
  }
}

// Keeps of the `k` keys found for each pending row what the budget needs. Rows that have too few stay pending; returns
// how many should be found for them.
std::uint32_t BudgetLoop::cut_pending(const GroupBudget& asked, UnreadEstimate& estimate, std::uint32_t k) {
  const Budget& budget = asked.budget;
  std::size_t done_count = 0;
  std::size_t still_pending = 0;
  std::size_t wanted = 0;
  for (const std::size_t row : pending()) {
    const BudgetCut cut = budget.epsilon ? cut_row(row, asked, estimate) : BudgetCut{k, true};
    if (!cut.enough && k < budget.most_k) {
      wanted = std::max({wanted, cut.wanted, std::size_t{k} + 1});
      pending_[still_pending++] = row;
    } else {
      keep_first(row, std::max<std::size_t>(cut.keep, budget.k));
      done_[done_count++] = row;
    }
  }
  pending_count_ = still_pending;
  if (still_pending == 0) return k;
  for (const std::size_t row : std::span(done_).first(done_count)) copy_results(row, budget.most_k);
  return static_cast<std::uint32_t>(std::min<std::size_t>(wanted, budget.most_k));
}

BudgetCut BudgetLoop::cut_row(std::size_t row, const GroupBudget& asked, UnreadEstimate& estimate) {
  const Retrieved& found = retrieved_[row];
  const float window = asked.window_lse[row];
  const double epsilon = *asked.budget.epsilon;
  if (estimate.empty()) {
    const float unread = unread_as_the_worst(found, asked.searched, estimate.scale());
    return cut_to_mass(found.scores, estimate.scale(), window, unread, epsilon);
  }
  RowWeights& weights = weights_[row];
  estimate.weigh(row, found, weights);
  weighed_[row] = 1;
  if (!asked.budget.estimate_unread) {
    return cut_to_mass(found.scores, estimate.scale(), window, weights.unread_lse(), epsilon);
  }
  return cut_to_uncertainty(found.scores, estimate.scale(), window, weights.unread_lse(), weights.uncertainty_lse(),
                            epsilon, asked.budget.k);
}

void BudgetLoop::keep_first(std::size_t row, std::size_t count) {
  Retrieved& found = retrieved_[row];
  if (count >= found.ids.size()) return;
  found = found.first(count);
  weighed_[row] = 0;
}

void BudgetLoop::copy_results(std::size_t row, std::size_t most) {
  Retrieved& found = retrieved_[row];
  Copy& copy = copies_[row];
  copy.ids.reserve(most);
  copy.scores.reserve(most);
  copy.ids.assign(found.ids.begin(), found.ids.end());
  copy.scores.assign(found.scores.begin(), found.scores.end());
  found = {copy.ids, copy.scores};
}

// Where a cut has left nothing out, a row is weighed already.
void BudgetLoop::weigh_all(const Budget& budget, UnreadEstimate& estimate) {
  for (std::size_t row = 0; row < rows_; ++row) {
    if (!budget.estimate_unread) {
      weigh_retrieved(retrieved_[row], estimate.scale(), weights_[row]);
    } else if (weighed_[row] == 0) {
      estimate.weigh(row, retrieved_[row], weights_[row]);
    }
  }
}

}  // namespace rattan
