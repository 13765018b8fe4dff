#include "context/uncertainty_need.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "attention/budget_loop.h"
#include "context/held_out_scores.h"
#include "core/log_sum_exp.h"
#include "core/median.h"

namespace rattan {
namespace {

// Natural logarithm of the sum of the weights of the scores outside `indexed`.
float window_lse(std::span<const float> scores, IdRange indexed, double scale) {
  LogSumExp sum;
  const auto each = [&](const auto& visit) {
    for (std::size_t i = 0; i < scores.size(); ++i) {
      if (!indexed.contains(static_cast<KeyId>(i))) visit(scale * static_cast<double>(scores[i]));
    }
  };
  each([&](double logit) { sum.reach(logit); });
  each([&](double logit) { sum.add(logit); });
  return static_cast<float>(sum.log());
}

// The best of the searched keys, in order.
struct Best {
  std::vector<KeyId> ids;
  std::vector<float> scores;

  Best(std::span<const float> searched, std::size_t count) {
    ids.resize(searched.size());
    std::iota(ids.begin(), ids.end(), KeyId{0});
    const auto better = [&](KeyId a, KeyId b) {
      return searched[a] > searched[b] || (searched[a] == searched[b] && a < b);
    };
    count = std::min(count, ids.size());
    std::partial_sort(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(count), ids.end(), better);
    ids.resize(count);
    for (const KeyId id : ids) scores.push_back(searched[id]);
  }

  Retrieved first(std::size_t count) const { return Retrieved{ids, scores}.first(std::min(count, ids.size())); }
};

// What one row needs. scores: of all keys that it sees; estimate: prepared for it alone.
std::size_t row_needs(UnreadEstimate& estimate, std::span<const float> scores, IdRange indexed, const Budget& budget,
                      BudgetLoop& loop) {
  const float window = window_lse(scores, indexed, estimate.scale());
  const auto begin = std::min<std::size_t>(indexed.begin, scores.size());
  const auto searched = scores.subspan(begin, std::min<std::size_t>(indexed.end, scores.size()) - begin);
  const Best best(searched, budget.most_k);
  const GroupBudget asked{budget, budget.k, searched.size(), {&window, 1}};
  const auto search = [&](auto, std::uint32_t k, auto results) { results[0] = best.first(k); };
  return loop.run(asked, estimate, search) ? loop.retrieved().front().ids.size() : searched.size();
}

}  // namespace

std::uint32_t keys_for_uncertainty(MatrixView queries, std::span<const std::int64_t> positions, MatrixView keys,
                                   IdRange indexed, const KeyClusters& clusters, const Logits& logits,
                                   const Budget& budget, Executor& executor) {
  if (positions.empty() || indexed.begin >= indexed.end) return budget.k;
  std::vector<std::uint32_t> needs(positions.size());
  each_held_out(queries, positions, keys, logits, executor,
                [&](std::size_t group, MatrixView rows, std::span<const float> scores, std::size_t visible) {
                  UnreadEstimate estimate;
                  BudgetLoop loop;
                  const KeyClusters* const blocks[] = {&clusters};
                  std::size_t most = budget.k;
                  for (std::size_t head = 0; head < rows.rows; ++head) {
                    estimate.prepare(rows.slice(head, 1), blocks, logits);
                    const auto of_head = scores.subspan(head * visible, visible);
                    most = std::max(most, row_needs(estimate, of_head, indexed, budget, loop));
                  }
                  needs[group] = static_cast<std::uint32_t>(std::min<std::size_t>(most, budget.most_k));
                });
  return upper_median(needs);
}

}  // namespace rattan
