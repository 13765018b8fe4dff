#include "attention/head_attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/parallel.h"

namespace rattan {
namespace {

constexpr float no_mass = -std::numeric_limits<float>::infinity();
constexpr std::uint32_t widening = 4;

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
    std::uint32_t k = budget.k;
    const MassCurve& curve = head_.prefix().choice.curve;
    if (budget.epsilon && curve.measured()) k = std::clamp(curve.keys_for(*budget.epsilon), budget.k, budget.most_k);
    if (k >= view_.searched) view_.searched = 0;  // all of them, and exactly
    attend_unsearched();
    if (view_.searched == 0) return;
    search(k);
    if (budget.epsilon) k = widen(k, budget);
    finish(budget.tail_estimate);
  }

  const DecodeStats& cost() const noexcept { return cost_; }

 private:
  // Sinks, and every id that is not searched.
  void attend_unsearched() {
    const HeadPrefix& prefix = head_.prefix();
    const std::size_t base = view_.keys.base.rows;
    const std::size_t base_end = view_.sinks + base;
    if (view_.searched == 0) {
      attend_rows(prefix.keys.view, prefix.values.view, 0, base_end);
    } else {
      attend_rows(prefix.keys.view, prefix.values.view, 0, view_.sinks);
      attend_rows(prefix.keys.view, prefix.values.view, view_.sinks + std::min(view_.searched, base), base_end);
    }
    attend_rows(view_.keys.grown, view_.values.grown, std::max(view_.searched, base) - base, view_.keys.grown.rows);
    cost_.keys_retrieved += queries_.rows * (view_.window - std::min(view_.window, view_.searched));
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

  void search(std::uint32_t k) {
    SearchParams params;
    params.k = k;
    params.group = static_cast<std::uint32_t>(queries_.rows);
    params.candidates = {0, static_cast<KeyId>(view_.searched)};
    params.executor = &serial_executor();
    head_.prefix().choice.apply_width(k, params);
    const SearchStats stats = head_.index().search(queries_, params, *scratch_.search);
    cost_.keys_scored += stats.keys_scored;
    cost_.bytes_read += stats.bytes_read;
    scratch_.retrieved.resize(queries_.rows);
    for (std::size_t i = 0; i < queries_.rows; ++i) {
      const auto found = GrowingIndex::results(*scratch_.search, i);
      scratch_.retrieved[i] = {found.ids, found.scores};
    }
  }

  std::uint32_t widen(std::uint32_t k, const Budget&) { return k * widening / widening; }

  // Retrieved keys, and the rest of the searched ones by estimate.
  void finish(bool tail_estimate) {
    scratch_.unread.resize(queries_.rows);
    const auto clusters = tail_estimate ? view_.clusters : std::span<const KeyClusters* const>();
    attend_retrieved(queries_, view_.values, scratch_.retrieved, clusters, scale_, scratch_.more, scratch_.unread,
                     scratch_.tail);
    merge_more();
    for (const Retrieved& row : scratch_.retrieved) cost_.keys_retrieved += row.ids.size();
    const std::size_t values = distinct_retrieved();
    cost_.values_read += values;
    cost_.bytes_read += values * view_.values.row_bytes();
    for (const KeyClusters* some : clusters) {
      cost_.bytes_read += some->clusters() * (view_.keys.cols() + view_.values.cols()) * sizeof(float);
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
