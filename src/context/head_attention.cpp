#include "context/head_attention.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "attention/budget.h"
#include "attention/retrieved_part.h"
#include "core/parallel.h"

namespace rattan {
namespace {

constexpr float no_mass = -std::numeric_limits<float>::infinity();

// One call of attend_head.
class Step {
 public:
  Step(const KvHead& head, MatrixView queries, std::size_t tokens, double scale, std::span<float> output,
       HeadScratch& scratch)
      : head_(head), view_(head.view(tokens)), queries_(queries), scale_(scale), scratch_(scratch) {
    const std::size_t dim = view_.values.cols();
    std::fill(output.begin(), output.end(), 0.0F);
    scratch.parts.resize(queries.rows);
    scratch.more.resize(queries.rows);
    scratch.more_outputs.resize(queries.rows * dim);
    for (std::size_t i = 0; i < queries.rows; ++i) {
      scratch.parts[i] = {output.subspan(i * dim, dim), no_mass};
      scratch.more[i] = {std::span(scratch.more_outputs).subspan(i * dim, dim), no_mass};
    }
    cost_.steps = queries.rows;
    cost_.keys_visible = queries.rows * tokens;
    cost_.keys_window = queries.rows * (tokens - view_.window);
  }

  void run(const Budget& budget) {
    std::uint32_t k = head_.prefix().choice.first_keys(budget);
    if (k >= view_.searched) view_.searched = 0;  // all of them, and exactly
    attend_window();
    if (view_.searched == 0) return;
    if (!budget.estimate_unread && !budget.epsilon) view_.clusters = {};
    const UnreadEstimate tail(queries_, view_.clusters, scale_, scratch_.tail);
    scratch_.pending.resize(queries_.rows);
    std::iota(scratch_.pending.begin(), scratch_.pending.end(), std::size_t{0});
    search(k, queries_);
    while (budget.epsilon) {
      const std::size_t wanted = cut_to_budget(tail, budget, k);
      if (scratch_.pending.empty()) break;
      k = static_cast<std::uint32_t>(std::min<std::size_t>(wanted, budget.most_k));
      if (k >= view_.searched) {
        attend_ids(0, view_.searched);
        cost_.keys_retrieved += queries_.rows * view_.searched;
        return;
      }
      search(k, pending_queries());
    }
    finish(budget.estimate_unread ? tail : UnreadEstimate(queries_, {}, scale_, scratch_.tail));
  }

  const DecodeStats& cost() const noexcept { return cost_; }

 private:
  // Sinks, and every id that is not searched.
  void attend_window() {
    const HeadPrefix& prefix = head_.prefix();
    // The base's keys lie behind the sinks: where all are attended, they are one range.
    const std::size_t behind = view_.searched == 0 ? view_.keys.base.rows : 0;
    attend_rows(prefix.keys.view, prefix.values.view, 0, view_.sinks + behind);
    attend_ids(std::max(view_.searched, behind), view_.keys.rows());
    cost_.keys_retrieved += queries_.rows * (view_.window - view_.searched);
  }

  void attend_ids(std::size_t begin, std::size_t end) {
    const std::size_t base = view_.keys.base.rows;
    attend_rows(view_.keys.base, view_.values.base, begin, std::min(end, base));
    attend_rows(view_.keys.grown, view_.values.grown, std::max(begin, base) - base, std::max(end, base) - base);
  }

  void attend_rows(MatrixView keys, MatrixView values, std::size_t begin, std::size_t end) {
    if (begin >= end) return;
    attend_range(queries_, keys, values, {static_cast<KeyId>(begin), static_cast<KeyId>(end)}, scale_, scratch_.more,
                 scratch_.attention);
    merge_more();
    cost_.keys_scored += end - begin;
    cost_.values_read += end - begin;
    cost_.bytes_read += (end - begin) * (keys.row_bytes() + values.row_bytes());
  }

  void merge_more() {
    for (std::size_t i = 0; i < queries_.rows; ++i) merge(scratch_.parts[i], scratch_.more[i]);
  }

  // For the pending rows, whose queries these are.
  void search(std::uint32_t k, MatrixView queries) {
    SearchParams params;
    params.k = k;
    params.group = static_cast<std::uint32_t>(queries.rows);
    params.candidates = {0, static_cast<KeyId>(view_.searched)};
    params.executor = &serial_executor();
    head_.prefix().choice.apply_width(k, params);
    const SearchStats stats = head_.index().search(queries, params, *scratch_.search);
    cost_.keys_scored += stats.keys_scored;
    cost_.bytes_read += stats.bytes_read;
    scratch_.retrieved.resize(queries_.rows);
    for (std::size_t i = 0; i < queries.rows; ++i) {
      const auto found = GrowingIndex::results(*scratch_.search, i);
      scratch_.retrieved[scratch_.pending[i]] = {found.ids, found.scores};
    }
  }

  MatrixView pending_queries() {
    const std::size_t row_bytes = queries_.row_bytes();
    scratch_.pending_queries.resize(queries_.rows * row_bytes);
    std::byte* to = scratch_.pending_queries.data();
    for (const std::size_t i : scratch_.pending) {
      std::memcpy(to, queries_.row(i), row_bytes);
      to += row_bytes;
    }
    return {scratch_.pending_queries.data(), queries_.dtype, scratch_.pending.size(), queries_.cols};
  }

  // Leaves the results that the budget needs. Rows that have too few stay pending, and the number that should be found
  // for them, more than `k`, is returned.
  std::size_t cut_to_budget(const UnreadEstimate& tail, const Budget& budget, std::size_t k) {
    std::size_t wanted = 0;
    std::size_t left_pending = 0;
    for (const std::size_t i : scratch_.pending) {
      Retrieved& row = scratch_.retrieved[i];
      const float window = scratch_.parts[i].lse;
      const float left = unread(tail, i, row);
      const BudgetCut cut = estimates(budget) ? cut_to_uncertainty(row.scores, scale_, window, left,
                                                                   tail.uncertainty(i, row, view_.values.rows()),
                                                                   *budget.epsilon, budget.k)
                                              : cut_to_mass(row.scores, scale_, window, left, *budget.epsilon);
      if (!cut.enough && k < budget.most_k) {
        wanted = std::max({wanted, cut.wanted, k + 1});
        scratch_.pending[left_pending++] = i;
      }
      const std::size_t keep = std::min(row.ids.size(), std::max<std::size_t>(cut.keep, budget.k));
      row = {row.ids.first(keep), row.scores.first(keep)};
    }
    if (left_pending != 0) keep_found(left_pending, budget);
    scratch_.pending.resize(left_pending);
    return wanted;
  }

  // The next search overwrites the results of this one: those that are done are copied, where others are not.
  void keep_found(std::size_t left_pending, const Budget& budget) {
    const auto waits = [&](std::size_t row) {
      const auto end = scratch_.pending.begin() + static_cast<std::ptrdiff_t>(left_pending);
      return std::find(scratch_.pending.begin(), end, row) != end;
    };
    if (scratch_.found.size() < queries_.rows) scratch_.found.resize(queries_.rows);
    for (std::size_t i = 0; i < queries_.rows; ++i) {
      Retrieved& row = scratch_.retrieved[i];
      FoundRow& found = scratch_.found[i];
      if (waits(i) || row.ids.data() == found.ids.data()) continue;
      found.ids.reserve(budget.most_k);
      found.scores.reserve(budget.most_k);
      found.ids.assign(row.ids.begin(), row.ids.end());
      found.scores.assign(row.scores.begin(), row.scores.end());
      row = {found.ids, found.scores};
    }
  }

  bool estimates(const Budget& budget) const noexcept { return budget.estimate_unread && !view_.clusters.empty(); }

  // Without clusters no unread key is taken to be worse than the worst that was found.
  float unread(const UnreadEstimate& tail, std::size_t i, const Retrieved& row) const {
    if (!view_.clusters.empty()) return tail.unread(i, row, view_.values.rows());
    const std::size_t left = view_.searched - row.ids.size();
    if (left == 0 || row.ids.empty()) return no_mass;
    return static_cast<float>(std::log(static_cast<double>(left)) + scale_ * static_cast<double>(row.scores.back()));
  }

  // Retrieved keys, and by `tail` the searched ones that are not.
  void finish(const UnreadEstimate& tail) {
    for (std::size_t i = 0; i < queries_.rows; ++i) {
      static_cast<void>(tail.attend(i, scratch_.retrieved[i], view_.values, scratch_.more[i]));
      cost_.keys_retrieved += scratch_.retrieved[i].ids.size();
    }
    merge_more();
    const std::size_t values = distinct_retrieved();
    cost_.values_read += values;
    cost_.bytes_read += values * view_.values.row_bytes();
    for (const KeyClusters* some : view_.clusters) {
      cost_.bytes_read += some->clusters() * (some->centroids().row_bytes() + some->mean_values().row_bytes()) +
                          some->covariance().rows * some->covariance().row_bytes();
    }
  }

  std::size_t distinct_retrieved() {
    if (queries_.rows == 1) return scratch_.retrieved.front().ids.size();
    scratch_.marks.reset(view_.searched);
    std::size_t count = 0;
    for (const Retrieved& row : scratch_.retrieved) {
      for (const KeyId id : row.ids) count += scratch_.marks.set(id) ? 0 : 1;
    }
    return count;
  }

  const KvHead& head_;
  KvHead::View view_;
  MatrixView queries_;
  double scale_;
  HeadScratch& scratch_;
  DecodeStats cost_;
};

}  // namespace

DecodeStats attend_head(const KvHead& head, MatrixView queries, std::size_t tokens, const Budget& budget, double scale,
                        std::span<float> output, std::span<float> lse, HeadScratch& scratch) {
  Step step(head, queries, tokens, scale, output, scratch);
  step.run(budget);
  for (std::size_t i = 0; i < lse.size(); ++i) lse[i] = scratch.parts[i].lse;
  return step.cost();
}

}  // namespace rattan
