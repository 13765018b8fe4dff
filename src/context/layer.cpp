#include "context/layer.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "context/stoppable.h"

namespace rattan {
namespace {

// Rows `head`, head + heads, ... : those of one head where tokens follow each other with all heads' rows each.
CheckedMatrix rows_of_head(const MatrixView& all, std::size_t head, std::size_t heads) {
  return CheckedMatrix::trusted(
      MatrixView(all.row(head), all.dtype, all.rows / heads, all.cols, all.row_stride * heads));
}

}  // namespace

Layer::Layer(std::span<const std::shared_ptr<const HeadPrefix>> prefixes, const ContextParams& params,
             const MemoryShare& share, std::span<const HeadPages> pages)
    : memory_(share, prefixes.size()), tokens_(prefixes.front()->rows()) {
  for (std::size_t h = 0; h < prefixes.size(); ++h) {
    heads_.push_back(std::make_unique<KvHead>(prefixes[h], params, pages.empty() ? nullptr : &pages[h]));
  }
}

Layer::Layer(const Layer& other, const MemoryShare& share) : memory_(share, other.heads()), tokens_(0) {
  const auto lock = other.lock_builds();
  builds_ = other.builds_;
  std::vector<std::shared_ptr<const Generation>> generations;
  for (const auto& head : other.heads_) generations.push_back(head->generation());
  // Afterwards: they search none but these.
  const std::size_t tokens = other.tokens();
  for (std::size_t h = 0; h < other.heads(); ++h) {
    heads_.push_back(std::make_unique<KvHead>(*other.heads_[h], tokens, std::move(generations[h])));
  }
  tokens_.store(tokens, std::memory_order_release);
  for (std::size_t h = 0; h < builds_.size(); ++h) {
    if (builds_[h]) memory_.hold(h, builds_[h]->bytes());
  }
}

void Layer::expect_builds(std::vector<std::shared_ptr<const HeadIndex>> until, Builds builds) {
  for (std::size_t h = 0; h < heads_.size(); ++h) {
    heads_[h]->take(std::move(until[h]));
    memory_.hold(h, builds[h]->bytes());
  }
  builds_ = std::move(builds);
}

bool Layer::building(std::size_t head) const {
  const auto lock = lock_builds();
  return head < builds_.size() && builds_[head] != nullptr;
}

bool Layer::building() const {
  const auto lock = lock_builds();
  return std::ranges::any_of(builds_, [](const auto& build) { return build != nullptr; });
}

void Layer::try_build(std::size_t head, Stoppable& executor, const ExactTopK* exact) noexcept {
  try {
    std::shared_ptr<PendingBuild> build;
    {
      const auto lock = lock_builds();
      build = builds_[head];
    }
    if (!build) return;
    const auto rows = [&] {
      const auto lock = lock_builds();  // a truncation may take rows in pages back
      return heads_[head]->prefill_rows();
    };
    auto built = build->result(rows, executor, exact);
    const auto lock = lock_builds();
    if (!builds_[head]) return;
    heads_[head]->take(std::move(built));
    builds_[head] = nullptr;
    memory_.release(heads_, head);
  } catch (const Stopped&) {
  } catch (...) {
    keep_failure();
    drop_build(head);
  }
}

void Layer::drop_build(std::size_t head) noexcept {
  const auto lock = lock_builds();
  if (!std::exchange(builds_[head], nullptr)) return;
  heads_[head]->give_up_build();
  memory_.release(heads_, head);
}

void Layer::drop_builds() noexcept {
  for (std::size_t h = 0; h < builds_.size(); ++h) drop_build(h);
}

void Layer::keep_evidence(std::span<const MatrixView> queries, std::span<const std::int64_t> positions) {
  const std::size_t group = queries.size() / heads_.size();
  if (group == 0) return;
  for (std::size_t h = 0; h < heads_.size(); ++h) {
    heads_[h]->keep_evidence({queries.subspan(h * group, group), positions});
  }
  memory_.lock_for(heads_, 0);  // forgets them where there is no room
}

void Layer::restore_evidence(std::span<const QueryEvidence::Copy> kept, std::size_t group) {
  for (std::size_t h = 0; h < heads_.size(); ++h) {
    if (kept[h].heads.size() == group) heads_[h]->restore_queries(kept[h]);
  }
  memory_.lock_for(heads_, 0);
}

void Layer::append(std::size_t tokens, const MatrixView& keys, const MatrixView& values, const MatrixView& queries) {
  if (tokens == 0) return;  // its matrices may be without memory
  const std::size_t heads = heads_.size();
  const std::size_t before = tokens_.load(std::memory_order_relaxed);
  const LayerMemory::Lock lock = memory_.lock_for(heads_, tokens);
  // First what may fail: queries without their keys do no harm, a key in some heads alone would.
  for (const auto& head : heads_) head->reserve(tokens);
  keep_queries(tokens, queries);
  for (std::size_t h = 0; h < heads; ++h) {
    heads_[h]->append(rows_of_head(keys, h, heads), rows_of_head(values, h, heads));
  }
  tokens_.store(before + tokens, std::memory_order_release);
}

void Layer::append_pages(std::size_t tokens, std::span<const HeadPages> pages, const MatrixView& queries) {
  const std::size_t before = tokens_.load(std::memory_order_relaxed);
  const LayerMemory::Lock lock = memory_.lock_for(heads_, tokens);
  for (std::size_t h = 0; h < heads_.size(); ++h) {
    heads_[h]->reserve(tokens);
    heads_[h]->place(pages[h]);
  }
  keep_queries(tokens, queries);
  for (const auto& head : heads_) head->grow(tokens);
  tokens_.store(before + tokens, std::memory_order_release);
}

// Of the next tokens.
void Layer::keep_queries(std::size_t tokens, const MatrixView& queries) {
  const std::size_t heads = heads_.size();
  const std::size_t before = tokens_.load(std::memory_order_relaxed);
  const std::size_t group = queries.rows / std::max<std::size_t>(1, tokens * heads);
  std::vector<MatrixView> rows(group);
  std::vector<std::int64_t> positions(group == 0 ? 0 : tokens);
  std::iota(positions.begin(), positions.end(), static_cast<std::int64_t>(before));
  for (std::size_t h = 0; h < heads && group != 0; ++h) {
    if (!memory_.fits_queries(heads_, h, tokens, tokens * group)) continue;
    for (std::size_t t = 0; t < tokens; ++t) {
      heads_[h]->keep_queries(CheckedMatrix::trusted(queries.slice((t * heads + h) * group, group)));
    }
    const std::size_t first = h * group;
    for (std::size_t i = 0; i < group; ++i) rows[i] = rows_of_head(queries, first + i, heads * group).view();
    heads_[h]->keep_evidence({rows, positions});
  }
}

Layer::Truncation Layer::prepare_truncation(std::size_t tokens) {
  Truncation prepared;
  if (tokens >= this->tokens()) return prepared;
  for (const auto& head : heads_) prepared.push_back(head->prepare_truncation(tokens));
  return prepared;
}

void Layer::truncate(std::size_t tokens, Truncation prepared) noexcept {
  if (prepared.empty()) return;
  for (std::size_t h = 0; h < heads_.size(); ++h) heads_[h]->truncate(tokens, std::move(prepared[h]));
  tokens_.store(tokens, std::memory_order_release);
}

bool Layer::waiting(std::size_t count) {
  if (building()) return false;
  const std::size_t tokens = this->tokens();
  for (std::size_t h = 0; h < heads_.size(); ++h) {
    if (heads_[h]->unsearched(tokens) < count && !heads_[h]->gave_up_build()) continue;
    if (heads_[h]->outgrown(tokens)) return true;
    const std::size_t sealable = heads_[h]->sealable(tokens);
    if (sealable >= count && memory_.fits_segment(heads_, h, sealable / 2)) return true;
  }
  return false;
}

void Layer::seal(Part part, Executor& executor, const ExactTopK* exact) {
  const std::lock_guard lock(sealing_);
  const std::size_t tokens = this->tokens();
  std::vector<std::size_t> counts(heads_.size());
  std::vector<std::optional<HeadFit>> promotions(heads_.size());
  std::vector<bool> put_off(heads_.size());
  for (std::size_t h = 0; h < heads_.size(); ++h) {
    const KvHead& head = *heads_[h];
    const bool outgrown = head.outgrown(tokens, part == Part::older_half ? Outgrown::by_half : Outgrown::by_quarter);
    const bool asked = part == Part::anew || outgrown;
    if (asked) promotions[h] = memory_.fit_promotion(heads_, h, tokens);
    put_off[h] = asked && !promotions[h];
    const std::size_t sealable = promotions[h] ? 0 : head.sealable(tokens);
    counts[h] = part == Part::older_half ? sealable / 2 : sealable;
  }
  using Promise = LayerMemory::Promise;
  Promise promise(memory_, heads_, counts, part == Part::older_half ? Promise::Which::fitting : Promise::Which::all,
                  promotions);
  const auto own = exact == nullptr ? make_exact_topk_cpu(&executor) : nullptr;
  std::vector<KvHead::Sealing> prepared(heads_.size());
  const auto publish = [&](std::size_t h) {
    heads_[h]->publish(std::move(prepared[h]));
    if (put_off[h]) heads_[h]->put_off_promotion(tokens);
    promise.keep(h);
  };
  for (std::size_t h = 0; h < heads_.size(); ++h) {
    prepared[h] = promotions[h]
                      ? heads_[h]->prepare_promotion(tokens, *promotions[h], exact == nullptr ? *own : *exact, executor)
                      : heads_[h]->prepare_seal(counts[h], executor);
    // What is done in passing may be stopped, and need not begin again with the first head.
    if (part == Part::older_half) publish(h);
  }
  for (std::size_t h = 0; h < heads_.size() && part != Part::older_half; ++h) publish(h);
}

void Layer::try_seal(Part part, Executor& executor) noexcept {
  try {
    seal(part, executor);
  } catch (const Stopped&) {
  } catch (...) {
    keep_failure();
  }
}

void Layer::keep_failure() noexcept {
  const std::lock_guard lock(failing_);
  failure_ = std::current_exception();
}

void Layer::rethrow_failure() {
  std::exception_ptr failure;
  {
    const std::lock_guard lock(failing_);
    failure = std::exchange(failure_, nullptr);
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace rattan
