#include "context/kv_head.h"

#include <algorithm>
#include <utility>

#include "context/head_build.h"
#include "context/head_kind.h"
#include "core/check.h"

namespace rattan {
namespace {

GrowthParams default_growth() { return {}; }

std::size_t searched_rows(const HeadPrefix& prefix) { return prefix.sinks + prefix.indexed(); }

}  // namespace

KvHead::KvHead(std::shared_ptr<const HeadPrefix> prefix, const ContextParams& params)
    : prefix_(std::move(prefix)),
      params_(params),
      sinks_(params.sinks),
      prefix_bytes_(prefix_->index->memory().total() + prefix_->clusters.bytes()),
      keys_(prefix_->keys.view.slice(0, searched_rows(*prefix_)), params.capacity),
      values_(prefix_->values.view.slice(0, searched_rows(*prefix_)), params.capacity),
      recent_(prefix_->keys.view.cols, default_growth().recent_queries),
      evidence_(prefix_->keys.view.cols, evidence_positions(params)),
      judged_(prefix_->indexed()) {
  publish(std::make_unique<Generation>(prefix_, params_));
  const std::size_t copied = searched_rows(*prefix_);
  const std::size_t rows = prefix_->rows() - copied;
  append(CheckedMatrix::trusted(prefix_->keys.view.slice(copied, rows)),
         CheckedMatrix::trusted(prefix_->values.view.slice(copied, rows)));
}

void KvHead::append(const CheckedMatrix& keys, const CheckedMatrix& values) {
  if (keys.rows() > keys_.room()) {
    fail(ErrorCode::invalid_argument, "keys has ", keys.rows(), " rows, allowed is ", keys_.room(),
         " (ContextParams::capacity is ", params_.capacity, ")");
  }
  keys_.append(keys.view());
  values_.append(values.view());
}

void KvHead::keep_queries(const CheckedMatrix& queries) {
  if (Pin(*this)->index().walks()) recent_.add(queries.view());
}

void KvHead::forget_queries() {
  recent_.take();
  evidence_.forget();
}

void KvHead::truncate(std::size_t tokens) {
  const std::size_t ids = ids_of(tokens);
  // The keys of a promoted index may be written over: it is of no use when some of them are gone.
  const bool lost = promoted_.load() && ids < newest().index().base_size();
  std::unique_ptr<Generation> first = lost ? std::make_unique<Generation>(prefix_, params_) : nullptr;
  keys_.truncate(tokens);
  values_.truncate(tokens);
  evidence_.truncate(static_cast<std::int64_t>(tokens));
  if (lost) {
    publish(std::move(first));
    promoted_.store(false);
    recent_.take();
    newest().truncate(ids_of(keys_.base_rows()), window_begin(tokens), keys_by_id(), values_by_id());
  }
  drop_retired();
  newest().truncate(ids, window_begin(tokens), keys_by_id(), values_by_id());
  if (lost || ids < judged_.load()) judged_.store(newest().index().base_size());
}

std::size_t KvHead::unsearched(std::size_t tokens) const noexcept {
  const std::size_t end = window_begin(tokens);
  return end - std::min(end, Pin(*this)->searched_end());
}

std::size_t KvHead::sealable(std::size_t tokens) const noexcept {
  return Pin(*this)->choice().kind == HeadKind::flat ? 0 : unsearched(tokens);
}

void KvHead::seal(std::size_t count, Executor& executor) {
  drop_retired();
  if (count != 0) newest().seal(keys_by_id(), values_by_id(), count, recent_, executor);
}

bool KvHead::outgrown(std::size_t tokens) const noexcept {
  return rattan::outgrown(window_begin(tokens), judged_.load(std::memory_order_relaxed), params_);
}

std::optional<HeadFit> KvHead::fit_promotion(std::size_t tokens, const MemoryShare& share, std::string& remark) const {
  const bool linked = find_kind(Pin(*this)->choice().kind)->needs_links;
  const bool with_queries = held_out_rows(evidence_.rows()) != 0;
  if (linked && !with_queries) {
    remark = "not built anew, no queries were kept";
    return std::nullopt;
  }
  ContextShape shape;
  shape.key_dim = static_cast<std::uint32_t>(prefix_->keys.view.cols);
  shape.value_dim = static_cast<std::uint32_t>(prefix_->values.view.cols);
  shape.dtype = prefix_->keys.view.dtype;
  const HeldTokens held{tokens, tokens - std::min(tokens, keys_.base_rows()), prefix_bytes_};
  try {
    HeadFit fit = fit_head(held, with_queries, shape, params_, share);
    if (fit.index && (fit.links || !linked)) return fit;
    remark = "not built anew, " + fit.remark;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::no_memory) throw;
    remark = message("not built anew, ", error.what());
  }
  return std::nullopt;
}

void KvHead::promote(std::size_t tokens, const HeadFit& fit, const ExactTopK& exact, Executor& executor) {
  drop_retired();
  ContextParams params = fitted_params(params_, fit);
  params.executor = &executor;
  const QueryEvidence::Copy evidence = evidence_.copy();
  auto base = build_promoted(keys_.view(tokens), values_.view(tokens), evidence.queries(), params, fit, exact);
  const std::size_t ids = base->indexed();
  publish(std::make_unique<Generation>(std::move(base), params));
  promoted_.store(true);
  recent_.take();
  put_off_promotion(tokens, {});
  judged_.store(ids);
  drop_retired();
}

void KvHead::put_off_promotion(std::size_t tokens, std::string remark) {
  judged_.store(window_begin(tokens));
  const std::lock_guard lock(remarking_);
  remark_.swap(remark);
}

void KvHead::publish(std::unique_ptr<Generation> generation) {
  generations_.push_back(std::move(generation));
  current_.store(generations_.back().get());
}

// A reader that comes after this was told of the newest: it counts itself before it asks which.
void KvHead::drop_retired() noexcept {
  if (readers_.load() == 0) generations_.erase(generations_.begin(), generations_.end() - 1);
}

SplitRows KvHead::keys_by_id() const noexcept {
  const std::size_t tokens = keys_.rows();
  return keys_.view(tokens).from(sinks_of(tokens));
}

SplitRows KvHead::values_by_id() const noexcept {
  const std::size_t tokens = values_.rows();
  return values_.view(tokens).from(sinks_of(tokens));
}

KvHead::View KvHead::view(std::size_t tokens) const noexcept {
  View view;
  view.generation = Pin(*this);
  view.sinks = sinks_of(tokens);
  view.window = window_begin(tokens);
  view.token_keys = keys_.view(tokens);
  view.token_values = values_.view(tokens);
  view.keys = view.token_keys.from(view.sinks);
  view.values = view.token_values.from(view.sinks);
  view.clusters = view.generation->clusters(view.window);
  // A seal between the two: what it has added has no clusters here.
  view.searched = view.clusters.empty() ? view.generation->searched(view.window) : view.clusters.back()->ids().end;
  return view;
}

HeadReport KvHead::report(std::size_t tokens) const {
  const Pin now(*this);
  HeadReport report;
  report.kind = to_string(now->choice().kind);
  report.reason = now->choice().reason;
  {
    const std::lock_guard lock(remarking_);
    if (!remark_.empty()) report.reason += "; " + remark_;
  }
  const std::size_t ids = ids_of(tokens);
  report.base_tokens = std::min(ids, now->index().base_size());
  report.sealed_tokens = std::min(ids, now->index().sealed()) - report.base_tokens;
  report.unsealed_tokens = ids - report.base_tokens - report.sealed_tokens;
  report.memory = memory(tokens);
  return report;
}

MemoryUse KvHead::memory(std::size_t tokens) const {
  const Pin now(*this);
  MemoryUse use = now->memory();
  const std::size_t grown = tokens - std::min(tokens, keys_.base_rows());
  const std::size_t sealed_end = std::min(tokens, sinks_of(tokens) + now->index().sealed());
  const std::size_t sealed = sealed_end - std::min(sealed_end, keys_.base_rows());
  const std::size_t key_bytes = prefix_->keys.view.row_bytes();
  use.parts.emplace_back("unsealed keys", (grown - sealed) * key_bytes);
  use.parts.emplace_back("sealed keys", sealed * key_bytes);
  use.parts.emplace_back("grown values", grown * prefix_->values.view.row_bytes());
  if (now->index().walks()) use.parts.emplace_back("recent queries", recent_.bytes());
  if (evidence_positions(params_) != 0) use.parts.emplace_back("kept queries", evidence_.bytes());
  if (promoted_.load()) use.parts.emplace_back("index of the prefill", prefix_bytes_);
  return use;
}

std::size_t KvHead::held_bytes(std::size_t sealed) const noexcept {
  return (keys_.rows() - keys_.base_rows()) * token_bytes() + std::max(sealed_bytes(), sealed);
}

std::size_t KvHead::sealed_bytes() const noexcept {
  return Pin(*this)->bytes() + (promoted_.load() ? prefix_bytes_ : 0);
}

std::size_t KvHead::recent_query_bytes(std::size_t added) const {
  const std::size_t recent = Pin(*this)->index().walks() ? recent_.bytes(added) : 0;
  return recent + evidence_.bytes(added);
}

std::size_t KvHead::segment_bytes(std::size_t count) const noexcept { return Pin(*this)->segment_bytes(count); }

}  // namespace rattan
