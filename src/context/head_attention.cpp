#include "context/head_attention.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "attention/range_part.h"
#include "attention/retrieved_part.h"
#include "attention/running_softmax.h"
#include "core/log_sum_exp.h"
#include "core/parallel.h"

namespace rattan {
namespace {

// Query rows whose windows are attended together: their sums and weights of a block stay in the second-level cache.
constexpr std::size_t most_joint = 128;

// One call of attend_head.
class Step {
 public:
  Step(const KvHead& head, const HeadStep& asked, HeadScratch& scratch)
      : head_(head), asked_(asked), group_(asked.group), scratch_(scratch) {
    take_queries();
    const std::size_t dim = head.prefix().values.view.cols;
    std::vector<AttentionPart>& parts = scratch.parts;
    parts.resize(queries_.rows);
    scratch.further.resize(queries_.rows);
    scratch.further_outputs.resize(queries_.rows * dim);
    for (std::size_t i = 0; i < queries_.rows; ++i) {
      const std::size_t row = row_of(i);
      parts[i] = {asked.output.subspan(row * dim, dim), log_of_nothing};
      // A sink is a part without values.
      if (!asked.sink_logits.empty()) parts[i].lse = asked.sink_logits[row % asked.heads];
      std::ranges::fill(parts[i].output, 0.0F);
      scratch.further[i] = {std::span(scratch.further_outputs).subspan(i * dim, dim), log_of_nothing};
    }
  }
  // Views hold on to generations of the head.
  ~Step() { scratch_.views.clear(); }
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

  void run() {
    take_views();
    std::vector<KvHead::View>& views = scratch_.views;
    for (KvHead::View& view : views) {
      if (first_keys(view) >= view.searched) view.searched = 0;  // all of them, and exactly
    }
    for (std::size_t first = 0; first < views.size();) {
      std::size_t end = first + 1;
      while (end < views.size() && views[end].searched == views[first].searched &&
             (end + 1 - first) * group_ <= most_joint)
        ++end;
      attend_windows(first, end);
      first = end;
    }
    for (std::size_t row = 0; row < views.size(); ++row) {
      if (views[row].searched != 0) retrieve(row);
    }
    for (std::size_t i = 0; i < queries_.rows && asked_.tokens != 0; ++i) check_lse(row_of(i), scratch_.parts[i].lse);
    for (std::size_t i = 0; i < queries_.rows && !asked_.lse.empty(); ++i)
      asked_.lse[row_of(i)] = scratch_.parts[i].lse;
  }

  const DecodeStats& cost() const noexcept { return cost_; }

 private:
  // Of query row i of this head, its row among those of all heads.
  std::size_t row_of(std::size_t i) const noexcept { return i / group_ * asked_.heads + asked_.first + i % group_; }

  void take_queries() {
    queries_ = asked_.rows == 1 ? asked_.queries.slice(asked_.first, group_)
                                : gathered(asked_.queries, asked_.rows * group_, scratch_.group_queries,
                                           [this](std::size_t i) { return row_of(i); });
  }

  // Rows row_at(0), row_at(1), ... of `matrix`, `count` of them, in `bytes`.
  template <typename RowAt>
  static MatrixView gathered(const MatrixView& matrix, std::size_t count, std::vector<std::byte>& bytes,
                             const RowAt& row_at) {
    const std::size_t row_bytes = matrix.row_bytes();
    bytes.resize(count * row_bytes);
    for (std::size_t i = 0; i < count; ++i) std::memcpy(bytes.data() + i * row_bytes, matrix.row(row_at(i)), row_bytes);
    return {bytes.data(), matrix.dtype, count, matrix.cols};
  }

  std::uint32_t first_keys(const KvHead::View& view) const noexcept {
    return view.generation->choice().first_keys(asked_.budget);
  }

  void take_views() {
    cost_.steps = queries_.rows;
    for (std::size_t row = 0; row < asked_.rows; ++row) {
      const std::size_t tokens = asked_.tokens - (asked_.rows - 1 - row);
      const KvHead::View& view = scratch_.views.emplace_back(head_.view(tokens));
      cost_.keys_visible += group_ * tokens;
      cost_.keys_window += group_ * (tokens - view.window);
    }
  }

  // Sinks, and every id that is not searched, of the tokens [first, end), which search the same keys.
  void attend_windows(std::size_t first, std::size_t end) {
    const std::span<const KvHead::View> views = std::span(scratch_.views).subspan(first, end - first);
    const std::size_t searched = views.front().searched;
    if (searched != 0) attend_tokens(first, views, 0, [](const KvHead::View& view) { return view.sinks; });
    attend_tokens(first, views, searched == 0 ? 0 : views.front().sinks + searched,
                  [](const KvHead::View& view) { return view.token_keys.rows(); });
    for (const KvHead::View& view : views) cost_.keys_retrieved += group_ * (view.window - view.searched);
  }

  // Tokens from `begin` to end_of(view) of the query rows of `views`, which are the tokens from `first` on.
  template <typename EndOf>
  void attend_tokens(std::size_t first, std::span<const KvHead::View> views, std::size_t begin, const EndOf& end_of) {
    const SplitRows& values = views.back().token_values;
    views.back().token_keys.each_piece(begin, end_of(views.back()), [&](const SplitRows& keys) {
      // Keys and values lie in pieces of the same rows.
      values.each_piece(begin, begin + keys.rows(), [&](const SplitRows& rows) {
        scratch_.ends.clear();
        for (const KvHead::View& view : views) {
          const std::size_t end = std::clamp(end_of(view), begin, begin + keys.rows()) - begin;
          scratch_.ends.insert(scratch_.ends.end(), group_, end);
        }
        attend_rows(first * group_, keys, rows);
      });
      begin += keys.rows();
    });
  }

  // The first scratch_.ends rows, of the query rows from `first` on.
  void attend_rows(std::size_t first, const SplitRows& keys, const SplitRows& values) {
    const std::size_t count = scratch_.ends.size();
    const auto further = std::span(scratch_.further).subspan(first, count);
    attend_ranges(queries_.slice(first, count), keys, values, 0, scratch_.ends, asked_.logits, further,
                  scratch_.attention);
    merge_further(first, count);
    cost_.keys_scored += keys.rows();
    cost_.values_read += keys.rows();
    cost_.bytes_read += keys.rows() * (keys.row_bytes() + values.row_bytes());
  }

  void merge_further(std::size_t first, std::size_t count) {
    for (std::size_t i = first; i < first + count; ++i) merge(scratch_.parts[i], scratch_.further[i]);
  }

  // The searched keys of one token: the best of them exactly, the others by estimate.
  void retrieve(std::size_t row) {
    const Budget& budget = asked_.budget;
    KvHead::View& view = scratch_.views[row];
    const MatrixView queries = queries_.slice(row * group_, group_);
    if (!budget.estimate_unread && !budget.epsilon) view.clusters = {};
    scratch_.estimate.prepare(queries, view.clusters, asked_.logits);
    scratch_.window_lse.clear();
    for (std::size_t i = 0; i < group_; ++i) scratch_.window_lse.push_back(scratch_.parts[row * group_ + i].lse);
    const GroupBudget asked{budget, first_keys(view), view.searched, scratch_.window_lse};
    searched_ = &view;
    searching_ = queries;
    // One reference fits into the function object; more would be allocated.
    const auto search = [this](auto rows, auto k, auto results) { this->search(rows, k, results); };
    if (scratch_.loop.run(asked, scratch_.estimate, search)) {
      attend_found(row);
      count_missed(row);
    } else {
      attend_tokens(row, {&view, 1}, view.sinks, [](const KvHead::View& all) { return all.sinks + all.searched; });
      cost_.keys_retrieved += group_ * view.searched;
    }
  }

  void search(std::span<const std::size_t> rows, std::uint32_t k, std::span<Retrieved> results) {
    SearchParams params;
    params.k = k;
    params.group = static_cast<std::uint32_t>(rows.size());
    params.candidate_range = {0, static_cast<KeyId>(searched_->searched)};
    params.executor = &serial_executor();
    const Generation& generation = *searched_->generation;
    generation.choice().apply_width(k, group_, rows, scratch_.row_widths, params);
    const SearchStats stats = generation.index().search(searched_->keys, queries_of(rows), params, *scratch_.search);
    cost_.keys_scored += stats.keys_scored;
    cost_.bytes_read += stats.bytes_read;
    if (asked_.logits.capped()) scratch_.capped_scores.resize(rows.size() * k);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto found = SealedIndex::results(*scratch_.search, i);
      results[i] = {found.ids, capped(found.scores, i * k)};
    }
  }

  std::span<const float> capped(std::span<const float> scores, std::size_t place) {
    if (!asked_.logits.capped()) return scores;
    const auto copy = std::span(scratch_.capped_scores).subspan(place, scores.size());
    std::ranges::copy(scores, copy.begin());
    asked_.logits.cap_scores(copy);
    return copy;
  }

  MatrixView queries_of(std::span<const std::size_t> rows) {
    if (rows.size() == searching_.rows) return searching_;
    // Room for all: a later search for more of them allocates nothing.
    scratch_.row_queries.reserve(searching_.rows * searching_.row_bytes());
    return gathered(searching_, rows.size(), scratch_.row_queries, [&](std::size_t i) { return rows[i]; });
  }

  // Retrieved keys, and by estimate the searched ones that are not.
  void attend_found(std::size_t row) {
    const KvHead::View& view = scratch_.views[row];
    const auto further = std::span(scratch_.further).subspan(row * group_, group_);
    attend_retrieved(scratch_.loop.retrieved(), scratch_.loop.weights(), view.clusters, view.values, further,
                     scratch_.attention);
    merge_further(row * group_, group_);
    for (const Retrieved& found : scratch_.loop.retrieved()) cost_.keys_retrieved += found.ids.size();
    const std::size_t values = distinct_retrieved(view.searched);
    cost_.values_read += values;
    cost_.bytes_read += values * view.values.row_bytes();
    const KeyClusters* before = nullptr;
    for (const KeyClusters* block : view.clusters) {
      cost_.bytes_read += block->clusters() * (block->centroids().row_bytes() + block->mean_values().row_bytes());
      if (before == nullptr || !block->has_covariance_of(*before)) {
        cost_.bytes_read += block->covariance().rows * block->covariance().row_bytes();
      }
      before = block;
    }
  }

  // What a search and an estimate may have missed of the softmax of one token's query heads.
  void count_missed(std::size_t row) {
    const KvHead::View& view = scratch_.views[row];
    cost_.steps_searched += group_;
    const double recall = view.generation->choice().worst_recall;
    if (recall != 0 && (cost_.lowest_recall == 0 || recall < cost_.lowest_recall)) cost_.lowest_recall = recall;
    if (view.clusters.empty() || !asked_.budget.estimate_unread) return;
    cost_.steps_estimated += group_;
    for (std::size_t i = 0; i < group_; ++i) {
      const float uncertain = scratch_.loop.weights()[i].uncertainty_lse();
      const double share = std::exp(static_cast<double>(uncertain - scratch_.parts[row * group_ + i].lse));
      cost_.uncertainty += std::min(share, 1.0);
      cost_.largest_uncertainty = std::max(cost_.largest_uncertainty, std::min(share, 1.0));
    }
  }

  std::size_t distinct_retrieved(std::size_t searched) {
    if (group_ == 1) return scratch_.loop.retrieved().front().ids.size();
    scratch_.marks.reset(searched);
    std::size_t count = 0;
    for (const Retrieved& found : scratch_.loop.retrieved()) count += scratch_.marks.set_new(found.ids);
    return count;
  }

  const KvHead& head_;
  const HeadStep& asked_;
  std::size_t group_;
  MatrixView queries_;  // of this head, token after token
  // Of the token that keys are retrieved for.
  const KvHead::View* searched_ = nullptr;
  MatrixView searching_;
  HeadScratch& scratch_;
  DecodeStats cost_;
};

}  // namespace

DecodeStats attend_head(const KvHead& head, const HeadStep& asked, HeadScratch& scratch) {
  Step step(head, asked, scratch);
  step.run();
  return step.cost();
}

}  // namespace rattan
