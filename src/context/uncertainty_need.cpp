#include "context/uncertainty_need.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "attention/budget.h"
#include "attention/retrieved_part.h"
#include "context/held_out_scores.h"
#include "core/log_sum_exp.h"

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

  Retrieved first(std::size_t count) const { return {std::span(ids).first(count), std::span(scores).first(count)}; }
};

// What one row needs. scores: of all keys that it sees.
std::size_t row_needs(const UnreadEstimate& tail, std::size_t row, std::span<const float> scores, IdRange indexed,
                      double scale, const Budget& budget) {
  const float window = window_lse(scores, indexed, scale);
  const auto begin = std::min<std::size_t>(indexed.begin, scores.size());
  const auto searched = scores.subspan(begin, std::min<std::size_t>(indexed.end, scores.size()) - begin);
  const Best best(searched, budget.most_k);
  const std::size_t keys = indexed.end - indexed.begin;
  for (std::size_t k = budget.k;;) {
    k = std::min(k, best.ids.size());
    const Retrieved found = best.first(k);
    const BudgetCut cut = cut_to_uncertainty(found.scores, scale, window, tail.unread(row, found, keys),
                                             tail.uncertainty(row, found, keys), *budget.epsilon, budget.k);
    if (cut.enough || k == best.ids.size()) return cut.keep;
    k = std::max(cut.wanted, k + 1);
  }
}

}  // namespace

std::uint32_t keys_for_uncertainty(MatrixView queries, std::span<const std::int64_t> positions, MatrixView keys,
                                   IdRange indexed, const KeyClusters& clusters, double scale, const Budget& budget,
                                   Executor& executor) {
  if (positions.empty() || indexed.begin >= indexed.end) return budget.k;
  std::vector<std::uint32_t> needs(positions.size());
  each_held_out(queries, positions, keys, executor,
                [&](std::size_t group, MatrixView rows, std::span<const float> scores, std::size_t visible) {
                  EstimateScratch scratch;
                  const KeyClusters* const blocks[] = {&clusters};
                  const UnreadEstimate tail(rows, blocks, scale, scratch);
                  std::size_t most = budget.k;
                  for (std::size_t head = 0; head < rows.rows; ++head) {
                    const auto of_head = scores.subspan(head * visible, visible);
                    most = std::max(most, row_needs(tail, head, of_head, indexed, scale, budget));
                  }
                  needs[group] = static_cast<std::uint32_t>(std::min<std::size_t>(most, budget.most_k));
                });
  return median(needs);
}

}  // namespace rattan
