#include "context/kv_head.h"

#include <algorithm>
#include <new>
#include <utility>

#include "context/head_kind.h"
#include "context/stoppable.h"
#include "core/check.h"

namespace rattan {
namespace {

GrowthParams default_growth() { return {}; }

std::size_t searched_rows(const HeadPrefix& prefix) { return prefix.sinks + prefix.indexed(); }

std::size_t bytes_of(const HeadIndex& head) { return head.index->memory().total() + head.clusters.bytes(); }

GrownRows rows_behind(const MatrixView& prefix, std::size_t searched, std::size_t capacity, const PageRows* pages) {
  if (pages == nullptr) return {prefix.slice(0, searched), capacity};
  return {MatrixView(nullptr, prefix.dtype, searched, prefix.cols), capacity, *pages};
}

}  // namespace

KvHead::KvHead(std::shared_ptr<const HeadPrefix> prefix, const ContextParams& params, const HeadPages* pages)
    : prefix_(std::move(prefix)),
      params_(params),
      sinks_(params.sinks),
      first_(prefix_),
      first_bytes_(bytes_of(*prefix_)),
      keys_(rows_behind(prefix_->keys.view, searched_rows(*prefix_), params.capacity, pages ? &pages->keys : nullptr)),
      values_(rows_behind(prefix_->values.view, searched_rows(*prefix_), params.capacity,
                          pages ? &pages->values : nullptr)),
      recent_(prefix_->keys.view.cols, default_growth().recent_queries),
      evidence_(prefix_->keys.view.cols, evidence_positions(params)),
      generation_(std::make_shared<const Generation>(prefix_, params_)),
      judged_(prefix_->indexed()) {
  const std::size_t copied = searched_rows(*prefix_);
  const std::size_t rows = prefix_->rows() - copied;
  if (pages != nullptr) {
    grow(rows);
    return;
  }
  append(CheckedMatrix::trusted(prefix_->keys.view.slice(copied, rows)),
         CheckedMatrix::trusted(prefix_->values.view.slice(copied, rows)));
}

KvHead::KvHead(const KvHead& other, std::size_t tokens, std::shared_ptr<const Generation> generation)
    : prefix_(other.prefix_),
      params_(other.params_),
      sinks_(other.sinks_),
      first_(other.first_index()),
      first_bytes_(bytes_of(*first_)),
      keys_(other.keys_, tokens),
      values_(other.values_, tokens),
      recent_(prefix_->keys.view.cols, default_growth().recent_queries),
      evidence_(other.evidence_),
      generation_(generation),
      inherited_(std::move(generation)),
      judged_(std::min(other.judged_.load(), inherited_->index().base_size())) {
  evidence_.truncate(static_cast<std::int64_t>(tokens));
}

HeadRows KvHead::prefill_rows() const {
  if (!paged()) return {CheckedMatrix::trusted(prefix_->keys), CheckedMatrix::trusted(prefix_->values)};
  const auto reading = generation_.pin();  // keys and values
  const std::size_t rows = prefix_->rows();
  SharedMatrix keys = in_one_place(keys_.view(rows), 0, rows);
  SharedMatrix values = in_one_place(values_.view(rows), 0, rows);
  return {CheckedMatrix::trusted(keys.view), CheckedMatrix::trusted(values.view), std::move(keys.owner),
          std::move(values.owner)};
}

void KvHead::take(std::shared_ptr<const HeadIndex> index) {
  generation_.publish(std::make_shared<const Generation>(index, params_));
  judged_.store(index->indexed());
  first_bytes_.store(bytes_of(*index));
  const std::lock_guard lock(telling_);
  first_ = std::move(index);
}

std::shared_ptr<const HeadIndex> KvHead::first_index() const {
  const std::lock_guard lock(telling_);
  return first_;
}

void KvHead::reserve(std::size_t rows) {
  if (rows > keys_.room()) {
    fail(ErrorCode::invalid_argument, "keys has ", rows, " rows, allowed is ", keys_.room(),
         " (ContextParams::capacity is ", params_.capacity, ")");
  }
  keys_.reserve(rows);
  values_.reserve(rows);
}

void KvHead::append(const CheckedMatrix& keys, const CheckedMatrix& values) {
  reserve(keys.rows());
  keys_.append(keys.view());
  values_.append(values.view());
  drop_retired();
}

void KvHead::drop_retired() noexcept {
  if (!generation_.idle()) return;
  keys_.drop_retired();
  values_.drop_retired();
}

void KvHead::place(const HeadPages& pages) {
  keys_.place(pages.keys);
  values_.place(pages.values);
  drop_retired();
}

void KvHead::grow(std::size_t rows) noexcept {
  keys_.grow(rows);
  values_.grow(rows);
}

void KvHead::keep_queries(const CheckedMatrix& queries) {
  if (generation_.pin()->index().walks()) recent_.add(queries.view());
}

void KvHead::forget_queries() {
  recent_.forget();
  evidence_.forget();
}

KvHead::Truncation KvHead::prepare_truncation(std::size_t tokens) {
  const std::size_t ids = ids_of(tokens);
  const SplitRows keys = keys_by_id(tokens);
  const SplitRows values = values_by_id(tokens);
  // The keys of a promoted index may be written over: it is of no use when some of them are gone.
  const Generation& now = *generation_.newest();
  Truncation prepared;
  prepared.lost = now.base().promoted && ids < now.index().base_size();
  const auto next =
      prepared.lost ? std::make_shared<Generation>(first_index(), params_) : std::make_shared<Generation>(now);
  if (prepared.lost) {
    const std::size_t of_base = std::min(keys_.base_rows(), tokens);
    next->truncate(ids_of(of_base), window_begin(tokens), keys, values);
  }
  next->truncate(ids, window_begin(tokens), keys, values);
  if (prepared.lost || next->searched_end() != now.searched_end() || next->index().sealed() != now.index().sealed()) {
    prepared.published = generation_.prepare(next);
  }
  prepared.next = next;
  return prepared;
}

void KvHead::truncate(std::size_t tokens, Truncation prepared) noexcept {
  keys_.truncate(tokens);
  values_.truncate(tokens);
  evidence_.truncate(static_cast<std::int64_t>(tokens));
  if (prepared.lost) recent_.forget();
  if (prepared.lost || ids_of(tokens) < judged_.load()) judged_.store(prepared.next->index().base_size());
  if (prepared.published) generation_.publish(std::move(prepared.published));
}

std::size_t KvHead::unsearched(std::size_t tokens) const noexcept {
  const std::size_t end = window_begin(tokens);
  return end - std::min(end, generation_.pin()->searched_end());
}

std::size_t KvHead::sealable(std::size_t tokens) const noexcept {
  return generation_.pin()->choice().kind == HeadKind::flat ? 0 : unsearched(tokens);
}

KvHead::Sealing KvHead::prepare_seal(std::size_t count, Executor& executor) {
  Sealing prepared;
  if (count == 0) return prepared;
  const Generation& now = *generation_.newest();
  const auto next = std::make_shared<Generation>(now);
  const QueryRows recent = now.index().walks() ? recent_.copy() : QueryRows();
  const auto reading = generation_.pin();  // keys and values
  next->seal(keys_by_id(keys_.rows()), values_by_id(values_.rows()), count, recent.view(), executor);
  if (next->index().sealed() != now.index().sealed()) prepared.queries_end = recent.end;
  prepared.published = generation_.prepare(next->merges() ? merged(next, executor) : next);
  return prepared;
}

// As they were where there is no memory or no time for it: several segments find the same.
std::shared_ptr<const Generation> KvHead::merged(std::shared_ptr<const Generation> sealed, Executor& executor) const {
  try {
    auto next = std::make_shared<Generation>(*sealed);
    const QueryEvidence::Copy evidence = evidence_.copy();
    const MatrixView queries = evidence.since(static_cast<std::int64_t>(sinks_ + next->index().merge_begin()));
    next->merge(keys_by_id(keys_.rows()), values_by_id(values_.rows()), queries, executor);
    return next;
  } catch (const Stopped&) {
    return sealed;
  } catch (const std::bad_alloc&) {
    return sealed;
  }
}

void KvHead::publish(Sealing prepared) noexcept {
  if (!prepared.published) return;
  generation_.publish(std::move(prepared.published));
  recent_.forget(prepared.queries_end);
  if (!prepared.promoted) return;
  judged_.store(*prepared.promoted);
  set_remark({});
}

bool KvHead::outgrown(std::size_t tokens, Outgrown part) const noexcept {
  return rattan::outgrown(window_begin(tokens), judged_.load(std::memory_order_relaxed), params_, part);
}

std::optional<HeadFit> KvHead::fit_promotion(std::size_t tokens, const MemoryShare& share, std::string& remark) const {
  const bool linked = find_kind(generation_.pin()->choice().kind)->needs_links;
  // After a file was opened there are those of the latest tokens alone.
  const std::size_t kept = evidence_.rows();
  const std::size_t fewest = std::min<std::size_t>(params_.kept_queries / 8, ids_of(tokens) / 64);
  const bool with_queries = held_out_rows(kept) != 0 && kept >= fewest;
  if (linked && !with_queries) {
    remark = kept == 0 ? "not built anew, no queries were kept" : "not built anew, too few queries were kept";
    return std::nullopt;
  }
  ContextShape shape;
  shape.key_dim = static_cast<std::uint32_t>(prefix_->keys.view.cols);
  shape.value_dim = static_cast<std::uint32_t>(prefix_->values.view.cols);
  shape.dtype = prefix_->keys.view.dtype;
  const HeldTokens held{tokens, keys_.held_rows(tokens), first_bytes_.load(), paged()};
  try {
    HeadFit fit = fit_head(held, with_queries, shape, params_, share);
    // A graph that was not counted is not built.
    if (share.limited() && !with_queries) fit.links = false;
    if (fit.index && (fit.links || !linked)) return fit;
    remark = "not built anew, " + fit.remark;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::no_memory) throw;
    remark = message("not built anew, ", error.what());
  }
  return std::nullopt;
}

KvHead::Sealing KvHead::prepare_promotion(std::size_t tokens, const HeadFit& fit, const ExactTopK& exact,
                                          Executor& executor) {
  Sealing prepared{nullptr, recent_.end(), std::nullopt};
  ContextParams params = fitted_params(params_, fit);
  params.executor = &executor;
  const QueryEvidence::Copy evidence = evidence_.copy();
  std::shared_ptr<const HeadIndex> base;
  {
    const auto reading = generation_.pin();  // keys and values
    base = build_promoted(keys_.view(tokens), values_.view(tokens), evidence.queries(), params, fit, exact);
  }
  prepared.promoted = base->indexed();
  prepared.published = generation_.prepare(std::make_shared<const Generation>(std::move(base), params));
  return prepared;
}

void KvHead::set_remark(std::string remark) noexcept {
  const std::lock_guard lock(telling_);
  remark_.swap(remark);
}

SplitRows KvHead::keys_by_id(std::size_t tokens) const noexcept { return keys_.view(tokens).from(sinks_of(tokens)); }

SplitRows KvHead::values_by_id(std::size_t tokens) const noexcept {
  return values_.view(tokens).from(sinks_of(tokens));
}

KvHead::View KvHead::view(std::size_t tokens) const noexcept {
  View view;
  view.generation = generation_.pin();  // first: its keys are there
  view.sinks = sinks_of(tokens);
  view.window = window_begin(tokens);
  view.token_keys = keys_.view(tokens);
  view.token_values = values_.view(tokens);
  view.keys = view.token_keys.from(view.sinks);
  view.values = view.token_values.from(view.sinks);
  view.clusters = view.generation->clusters(view.window);
  view.searched = view.generation->searched(view.window);
  return view;
}

HeadReport KvHead::report(std::size_t tokens) const {
  const auto now = generation_.pin();
  HeadReport report;
  report.kind = to_string(now->choice().kind);
  report.reason = now->choice().reason;
  report.recall = now->choice().recall;
  report.worst_recall = now->choice().worst_recall;
  {
    const std::lock_guard lock(telling_);
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
  const auto now = generation_.pin();
  const bool shared = now.share() == inherited_;
  MemoryUse use;
  if (!shared) use = now->memory();
  const std::size_t grown = keys_.held_rows(tokens);
  const std::size_t inherited = std::min(grown, keys_.inherited_rows());
  const std::size_t sealed_end = std::min(tokens, sinks_of(tokens) + now->index().sealed());
  const std::size_t sealed = std::max(keys_.held_rows(sealed_end), inherited) - inherited;
  const std::size_t key_bytes = prefix_->keys.view.row_bytes();
  use.parts.emplace_back("unsealed keys", (grown - inherited - sealed) * key_bytes);
  use.parts.emplace_back("sealed keys", sealed * key_bytes);
  use.parts.emplace_back("grown values", (grown - inherited) * prefix_->values.view.row_bytes());
  if (now->index().walks()) use.parts.emplace_back("recent queries", recent_.bytes());
  if (evidence_positions(params_) != 0) {
    use.parts.emplace_back("kept queries", evidence_.bytes() - evidence_.inherited_bytes());
  }
  if (now->base().promoted)
    use.parts.emplace_back("index of the prefill", inherited_ == nullptr ? first_bytes_.load() : 0);
  if (inherited_ != nullptr) use.parts.emplace_back("shared with the origin", inherited_bytes(*now, inherited));
  return use;
}

// The index of the prefill is shared in any case.
std::size_t KvHead::inherited_bytes(const Generation& now, std::size_t rows) const noexcept {
  std::size_t bytes = rows * token_bytes() + evidence_.inherited_bytes();
  if (&now == inherited_.get()) bytes += now.bytes();
  return now.base().promoted ? bytes + first_bytes_.load() : bytes;
}

std::size_t KvHead::held_bytes(std::size_t sealed) const noexcept {
  return keys_.held_rows(keys_.rows()) * token_bytes() + std::max(sealed_bytes(), sealed);
}

std::size_t KvHead::sealed_bytes() const noexcept {
  const auto now = generation_.pin();
  return now->bytes() + (now->base().promoted ? first_bytes_.load() : 0);
}

std::size_t KvHead::recent_query_bytes(std::size_t added) const {
  const std::size_t recent = generation_.pin()->index().walks() ? recent_.bytes(added) : 0;
  return recent + evidence_.bytes(added);
}

std::size_t KvHead::segment_bytes(std::size_t count) const noexcept { return generation_.pin()->segment_bytes(count); }

}  // namespace rattan
