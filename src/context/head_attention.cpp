#include "context/head_attention.h"

#include <algorithm>
#include <cstring>

#include "attention/retrieved_part.h"
#include "attention/running_softmax.h"
#include "core/log_sum_exp.h"
#include "core/parallel.h"

namespace rattan {
namespace {

// One call of attend_head.
class Step {
 public:
  Step(const KvHead& head, MatrixView queries, std::size_t tokens, double scale, std::span<float> output,
       HeadScratch& scratch)
      : view_(head.view(tokens)), queries_(queries), scale_(scale), scratch_(scratch) {
    const std::size_t dim = view_.values.cols();
    std::fill(output.begin(), output.end(), 0.0F);
    scratch.parts.resize(queries.rows);
    scratch.further.resize(queries.rows);
    scratch.further_outputs.resize(queries.rows * dim);
    for (std::size_t i = 0; i < queries.rows; ++i) {
      scratch.parts[i] = {output.subspan(i * dim, dim), log_of_nothing};
      scratch.further[i] = {std::span(scratch.further_outputs).subspan(i * dim, dim), log_of_nothing};
    }
    cost_.steps = queries.rows;
    cost_.keys_visible = queries.rows * tokens;
    cost_.keys_window = queries.rows * (tokens - view_.window);
  }

  void run(const Budget& budget) {
    const std::uint32_t first_k = view_.generation->choice().first_keys(budget);
    if (first_k >= view_.searched) view_.searched = 0;  // all of them, and exactly
    attend_window();
    if (view_.searched == 0) return;
    if (!budget.estimate_unread && !budget.epsilon) view_.clusters = {};
    scratch_.estimate.prepare(queries_, view_.clusters, scale_);
    scratch_.window_lse.clear();
    for (const AttentionPart& part : scratch_.parts) scratch_.window_lse.push_back(part.lse);
    const GroupBudget asked{budget, first_k, view_.searched, scratch_.window_lse};
    const auto search = [this](auto rows, auto k, auto results) { this->search(rows, k, results); };
    if (scratch_.loop.run(asked, scratch_.estimate, search)) {
      attend_found();
    } else {
      attend_tokens(view_.sinks, view_.sinks + view_.searched);
      cost_.keys_retrieved += queries_.rows * view_.searched;
    }
  }

  const DecodeStats& cost() const noexcept { return cost_; }

 private:
  // Sinks, and every id that is not searched.
  void attend_window() {
    if (view_.searched != 0) attend_tokens(0, view_.sinks);
    attend_tokens(view_.searched == 0 ? 0 : view_.sinks + view_.searched, view_.token_keys.rows());
    cost_.keys_retrieved += queries_.rows * (view_.window - view_.searched);
  }

  void attend_tokens(std::size_t begin, std::size_t end) {
    const SplitRows& values = view_.token_values;
    view_.token_keys.each_piece(begin, end, [&](const MatrixView& keys) {
      // Keys and values lie in pieces of the same rows.
      values.each_piece(begin, begin + keys.rows, [&](const MatrixView& rows) { attend_rows(keys, rows); });
      begin += keys.rows;
    });
  }

  void attend_rows(const MatrixView& keys, const MatrixView& values) {
    const std::size_t count = keys.rows;
    attend_range(queries_, keys, values, {0, static_cast<KeyId>(count)}, scale_, scratch_.further, scratch_.attention);
    merge_further();
    cost_.keys_scored += count;
    cost_.values_read += count;
    cost_.bytes_read += count * (keys.row_bytes() + values.row_bytes());
  }

  void merge_further() {
    for (std::size_t i = 0; i < queries_.rows; ++i) merge(scratch_.parts[i], scratch_.further[i]);
  }

  void search(std::span<const std::size_t> rows, std::uint32_t k, std::span<Retrieved> results) {
    SearchParams params;
    params.k = k;
    params.group = static_cast<std::uint32_t>(rows.size());
    params.candidates = {0, static_cast<KeyId>(view_.searched)};
    params.executor = &serial_executor();
    view_.generation->choice().apply_width(k, params);
    const SearchStats stats = view_.generation->index().search(view_.keys, queries_of(rows), params, *scratch_.search);
    cost_.keys_scored += stats.keys_scored;
    cost_.bytes_read += stats.bytes_read;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto found = SealedIndex::results(*scratch_.search, i);
      results[i] = {found.ids, found.scores};
    }
  }

  MatrixView queries_of(std::span<const std::size_t> rows) {
    if (rows.size() == queries_.rows) return queries_;
    const std::size_t row_bytes = queries_.row_bytes();
    scratch_.row_queries.resize(queries_.rows * row_bytes);
    std::byte* to = scratch_.row_queries.data();
    for (const std::size_t i : rows) {
      std::memcpy(to, queries_.row(i), row_bytes);
      to += row_bytes;
    }
    return {scratch_.row_queries.data(), queries_.dtype, rows.size(), queries_.cols};
  }

  // Retrieved keys, and by estimate the searched ones that are not.
  void attend_found() {
    attend_retrieved(scratch_.loop.retrieved(), scratch_.loop.weights(), view_.clusters, view_.values, scratch_.further,
                     scratch_.attention);
    merge_further();
    for (const Retrieved& row : scratch_.loop.retrieved()) cost_.keys_retrieved += row.ids.size();
    const std::size_t values = distinct_retrieved();
    cost_.values_read += values;
    cost_.bytes_read += values * view_.values.row_bytes();
    for (const KeyClusters* block : view_.clusters) {
      cost_.bytes_read += block->clusters() * (block->centroids().row_bytes() + block->mean_values().row_bytes()) +
                          block->covariance().rows * block->covariance().row_bytes();
    }
  }

  std::size_t distinct_retrieved() {
    if (queries_.rows == 1) return scratch_.loop.retrieved().front().ids.size();
    scratch_.marks.reset(view_.searched);
    std::size_t count = 0;
    for (const Retrieved& row : scratch_.loop.retrieved()) {
      for (const KeyId id : row.ids) count += scratch_.marks.set(id) ? 0 : 1;
    }
    return count;
  }

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
  if (tokens != 0) {
    for (std::size_t i = 0; i < queries.rows; ++i) check_lse(i, scratch.parts[i].lse);
  }
  for (std::size_t i = 0; i < lse.size(); ++i) lse[i] = scratch.parts[i].lse;
  return step.cost();
}

}  // namespace rattan
