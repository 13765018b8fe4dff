#include "context/layer.h"

#include <algorithm>
#include <utility>

namespace rattan {
namespace {

// Rows `head`, head + heads, ... : those of one head where tokens follow each other with all heads' rows each.
CheckedMatrix rows_of_head(const MatrixView& all, std::size_t head, std::size_t heads) {
  return CheckedMatrix::trusted(
      MatrixView(all.row(head), all.dtype, all.rows / heads, all.cols, all.row_stride * heads));
}

}  // namespace

Layer::Layer(std::span<const std::shared_ptr<const HeadPrefix>> prefixes, const ContextParams& params,
             const MemoryShare& share)
    : memory_(share, prefixes.size()), tokens_(prefixes.front()->rows()) {
  for (const auto& prefix : prefixes) heads_.push_back(std::make_unique<KvHead>(prefix, params));
}

std::vector<std::shared_ptr<const HeadPrefix>> Layer::prefixes() const {
  std::vector<std::shared_ptr<const HeadPrefix>> prefixes;
  for (const auto& head : heads_) prefixes.push_back(head->shared_prefix());
  return prefixes;
}

void Layer::append(std::size_t tokens, const MatrixView& keys, const MatrixView& values, const MatrixView& queries) {
  const std::size_t heads = heads_.size();
  const std::size_t before = tokens_.load(std::memory_order_relaxed);
  const LayerMemory::Lock lock = memory_.lock_for(heads_, tokens);
  // First what may fail: queries without their keys do no harm, a key in some heads alone would.
  const std::size_t group = queries.rows / std::max<std::size_t>(1, tokens * heads);
  for (std::size_t h = 0; h < heads && group != 0; ++h) {
    if (!memory_.fits_queries(heads_, h, tokens, tokens * group)) continue;
    for (std::size_t t = 0; t < tokens; ++t) {
      heads_[h]->keep_queries(CheckedMatrix::trusted(queries.slice((t * heads + h) * group, group)));
    }
  }
  for (std::size_t h = 0; h < heads; ++h) {
    heads_[h]->append(rows_of_head(keys, h, heads), rows_of_head(values, h, heads));
  }
  tokens_.store(before + tokens, std::memory_order_release);
}

void Layer::truncate(std::size_t tokens) {
  if (tokens >= this->tokens()) return;
  for (const auto& head : heads_) head->truncate(tokens);
  tokens_.store(tokens, std::memory_order_release);
}

bool Layer::waiting(std::size_t count) {
  for (std::size_t h = 0; h < heads_.size(); ++h) {
    const std::size_t sealable = heads_[h]->sealable(tokens());
    if (sealable >= count && memory_.fits_segment(heads_, h, sealable / 2)) return true;
  }
  return false;
}

void Layer::seal(Part part, Executor& executor) {
  const std::lock_guard lock(sealing_);
  std::vector<std::size_t> counts;
  for (const auto& head : heads_) {
    const std::size_t sealable = head->sealable(tokens());
    counts.push_back(part == Part::all ? sealable : sealable / 2);
  }
  using Promise = LayerMemory::Promise;
  Promise promise(memory_, heads_, counts, part == Part::all ? Promise::Which::all : Promise::Which::fitting);
  for (std::size_t h = 0; h < heads_.size(); ++h) {
    heads_[h]->seal(counts[h], executor);
    promise.keep(h);
  }
}

void Layer::try_seal(Part part, Executor& executor) noexcept {
  try {
    seal(part, executor);
  } catch (...) {
    const std::lock_guard lock(failing_);
    failure_ = std::current_exception();
  }
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
