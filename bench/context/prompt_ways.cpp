#include "bench/context/prompt_ways.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "bench/measure/clocks.h"
#include "bench/measure/latency.h"
#include "bench/measure/measure.h"
#include "context/head_attention.h"
#include "context/head_build.h"
#include "context/head_kind.h"
#include "core/parallel.h"

namespace rattan::bench {
namespace {

// One KV head that is told a prompt.
class GrowingPrompt {
 public:
  GrowingPrompt(const HeadProblem& problem, const ContextParams& params, const ExactTopK& exact, std::size_t first)
      : group_(problem.group), params_(params), exact_(exact) {
    const CheckedMatrix keys = rows_of(group_.keys, 0, first);
    const CheckedMatrix values = rows_of(group_.values, 0, first);
    const auto rows = queries_between(0, first);
    const HeadQueries queries{rows, positions_between(0, first)};
    seconds_ -= wall_seconds();
    PreparedHead head = prepare_head(queries, keys, values, params_, {}, exact_);
    const auto prefix = build_prefix(keys, values, std::move(head.plan), head.links,
                                     static_cast<std::uint32_t>(group_.heads()), params_, nullptr);
    seconds_ += wall_seconds();
    builds_ = prefix->indexed() == 0 ? 0 : 1;
    head_ = std::make_unique<KvHead>(prefix, params_);
    head_->keep_evidence(queries);
    tokens_ = first;
  }

  void append(std::size_t count) {
    const auto rows = queries_between(tokens_, tokens_ + count);
    head_->keep_evidence({rows, positions_between(tokens_, tokens_ + count)});
    for (const MatrixView& row : rows) head_->keep_queries(CheckedMatrix::trusted(row));
    head_->append(rows_of(group_.keys, tokens_, count), rows_of(group_.values, tokens_, count));
    tokens_ += count;
  }

  // As Context::seal, and as a context seals by itself.
  void seal() {
    if (head_->outgrown(tokens_, Outgrown::by_quarter)) return promote();
    seconds_ -= wall_seconds();
    head_->seal(head_->sealable(tokens_), executor_or_default(params_.executor));
    seconds_ += wall_seconds();
  }
  void seal_if_due() {
    if (head_->unsearched(tokens_) < params_.seal_after) return;
    if (head_->outgrown(tokens_)) return promote();
    seconds_ -= wall_seconds();
    head_->seal(head_->sealable(tokens_) / 2, serial_executor());
    seconds_ += wall_seconds();
  }

  void promote() {
    HeadFit all;
    all.clusters = params_.clusters;
    seconds_ -= wall_seconds();
    head_->publish(head_->prepare_promotion(tokens_, all, exact_, executor_or_default(params_.executor)));
    seconds_ += wall_seconds();
    ++builds_;
  }

  const KvHead& head() const { return *head_; }
  std::size_t tokens() const { return tokens_; }
  double seconds() const { return seconds_; }
  std::size_t builds() const { return builds_; }

 private:
  static CheckedMatrix rows_of(const SharedMatrix& all, std::size_t begin, std::size_t count) {
    return CheckedMatrix::trusted({all.view.slice(begin, count), all.owner});
  }
  std::span<const std::int64_t> positions_between(std::size_t begin, std::size_t end) const {
    const auto& all = group_.prefill_positions;
    const auto first = std::ranges::lower_bound(all, static_cast<std::int64_t>(begin));
    const auto last = std::ranges::lower_bound(all, static_cast<std::int64_t>(end));
    return {first, last};
  }
  std::vector<MatrixView> queries_between(std::size_t begin, std::size_t end) const {
    const auto positions = positions_between(begin, end);
    const auto first = static_cast<std::size_t>(positions.data() - group_.prefill_positions.data());
    std::vector<MatrixView> rows;
    for (const SharedMatrix& head : group_.prefill_queries) rows.push_back(head.view.slice(first, positions.size()));
    return rows;
  }

  const datasets::KvGroup& group_;
  ContextParams params_;
  const ExactTopK& exact_;
  std::unique_ptr<KvHead> head_;
  std::size_t tokens_ = 0;
  double seconds_ = 0;
  std::size_t builds_ = 0;
};

Evaluation search_steps(const KvHead& head, const HeadProblem& problem, std::size_t tokens, std::uint32_t width) {
  const KvHead::View view = head.view(tokens);
  const auto scratch = SealedIndex::make_scratch();
  NeighborTable found(problem.truth.rows(), problem.k);
  SearchParams params;
  params.k = problem.k;
  params.candidate_range = {0, static_cast<KeyId>(view.window)};
  if (width == 0) {
    view.generation->choice().apply_width(problem.k, params);
  } else {
    find_kind(view.generation->choice().kind)->apply_width(width, params);
  }
  for (std::size_t step = 0; step < problem.steps; ++step) {
    found.stats.push_back(view.generation->index().search(view.keys, problem.step(step), params, *scratch));
    for (std::size_t i = 0; i < problem.heads; ++i) {
      const auto best = SealedIndex::results(*scratch, i);
      std::ranges::copy(best.ids, found.ids(step * problem.heads + i).begin());
      std::ranges::copy(best.scores, found.scores(step * problem.heads + i).begin());
    }
  }
  return evaluate(found, problem, width);
}

std::vector<double> time_decode(const KvHead& head, const HeadProblem& problem, std::size_t tokens,
                                const ContextParams& params) {
  CacheSweeper sweeper;
  HeadScratch scratch;
  std::vector<float> output(problem.heads * problem.group.values.view.cols);
  std::vector<float> lse(problem.heads);
  std::vector<double> times;
  HeadStep asked;
  asked.heads = asked.group = problem.heads;
  asked.tokens = tokens;
  asked.budget = params.budget;
  asked.logits = softmax_scale(params, problem.group.dim());
  asked.output = output;
  asked.lse = lse;
  for (std::size_t step = 0; step < problem.steps; ++step) {
    sweeper.sweep();
    const double before = wall_seconds();
    asked.queries = problem.step(step);
    attend_head(head, asked, scratch);
    if (step > 2) times.push_back(1e6 * (wall_seconds() - before));
  }
  return times;
}

}  // namespace

std::vector<PromptWay> measure_prompt_ways(const HeadProblem& problem, const ContextParams& params,
                                           const PromptOptions& options, const ExactTopK& exact) {
  const std::size_t prefill = problem.group.prefill;
  const std::size_t chunk = (prefill + options.chunks - 1) / options.chunks;
  std::vector<PromptWay> ways;
  const auto measure = [&](std::string name, const GrowingPrompt& prompt) {
    PromptWay way;
    way.name = std::move(name);
    way.head = prompt.head().report(prefill);
    way.build_s = prompt.seconds();
    way.builds = prompt.builds();
    way.width = prompt.head().view(prefill).generation->choice().width;
    way.calibrated = search_steps(prompt.head(), problem, prefill, 0);
    way.fixed = search_steps(prompt.head(), problem, prefill, options.width);
    using Times = std::vector<std::vector<double>>;
    way.decode_us = repeat_timing(options.repeats, [&] {
                      return Times{time_decode(prompt.head(), problem, prefill, params)};
                    }).front();
    ways.push_back(std::move(way));
  };
  measure("at once", GrowingPrompt(problem, params, exact, prefill));
  GrowingPrompt in_chunks(problem, params, exact, chunk);
  while (in_chunks.tokens() < prefill) in_chunks.append(std::min(chunk, prefill - in_chunks.tokens()));
  in_chunks.promote();
  measure(std::to_string(options.chunks) + " chunks", in_chunks);
  GrowingPrompt by_tokens(problem, params, exact, 0);
  while (by_tokens.tokens() < prefill) {
    by_tokens.append(1);
    by_tokens.seal_if_due();
  }
  by_tokens.seal();
  measure("by tokens", by_tokens);
  return ways;
}

}  // namespace rattan::bench
