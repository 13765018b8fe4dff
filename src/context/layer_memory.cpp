#include "context/layer_memory.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/check.h"

namespace rattan {

std::size_t LayerMemory::unused(const KvHead& head, std::size_t promised) const noexcept {
  return share_.bytes - std::min(share_.bytes, head.held_bytes(promised));
}

// Parts of a segment are counted as made one by one; until all are, the whole is what counts.
std::size_t LayerMemory::promised_bytes(const KvHead& head, std::size_t count) const noexcept {
  return count == 0 ? 0 : head.sealed_bytes() + head.segment_bytes(count);
}

LayerMemory::Lock LayerMemory::lock_for(Heads heads, std::size_t tokens) {
  if (!share_.limited()) return {};
  Lock lock(mutex_);
  for (std::size_t h = 0; h < heads.size(); ++h) {
    const std::size_t needed = tokens * heads[h]->token_bytes();
    const std::size_t free = unused(*heads[h], promised_[h]);
    if (needed <= free) continue;
    share_.refuse(message(tokens, " more tokens of head ", h, " beside what it holds"),
                  heads[h]->held_bytes(promised_[h]) + needed);
  }
  for (std::size_t h = 0; h < heads.size(); ++h) {
    const std::size_t free = unused(*heads[h], promised_[h]) - tokens * heads[h]->token_bytes();
    if (heads[h]->recent_query_bytes() > free) heads[h]->forget_queries();
  }
  return lock;
}

bool LayerMemory::fits_queries(Heads heads, std::size_t head, std::size_t tokens, std::size_t rows) const {
  if (!share_.limited()) return true;
  const KvHead& asked = *heads[head];
  return tokens * asked.token_bytes() + asked.recent_query_bytes(rows) <= unused(asked, promised_[head]);
}

void LayerMemory::hold(std::size_t head, std::size_t bytes) {
  const Lock lock(mutex_);
  promised_[head] = bytes;
}

void LayerMemory::release(Heads heads, std::size_t head) {
  if (!share_.limited()) return;
  const Lock lock(mutex_);
  promised_[head] = 0;
  if (heads[head]->recent_query_bytes() > unused(*heads[head], 0)) heads[head]->forget_queries();
}

bool LayerMemory::fits_segment(Heads heads, std::size_t head, std::size_t count) {
  if (!share_.limited()) return true;
  const Lock lock(mutex_);
  return heads[head]->segment_bytes(count) <= unused(*heads[head], promised_[head]);
}

std::optional<HeadFit> LayerMemory::fit_promotion(Heads heads, std::size_t head, std::size_t tokens) const {
  std::string remark;
  std::optional<HeadFit> fit = heads[head]->fit_promotion(tokens, share_, remark);
  if (!fit) heads[head]->set_remark(std::move(remark));
  return fit;
}

LayerMemory::Promise::Promise(LayerMemory& memory, Heads heads, std::span<std::size_t> counts, Which which,
                              std::span<const std::optional<HeadFit>> promotions)
    : memory_(memory), heads_(heads) {
  if (!memory.share_.limited()) return;
  const Lock lock(memory.mutex_);
  for (std::size_t h = 0; h < heads.size(); ++h) {
    const std::size_t needed = heads[h]->segment_bytes(counts[h]);
    if (needed <= memory.unused(*heads[h], 0)) continue;
    if (which == Which::all) {
      memory.share_.refuse(message("a segment of ", counts[h], " tokens of head ", h, " beside what it holds"),
                           heads[h]->held_bytes() + needed);
    }
    counts[h] = 0;
  }
  for (std::size_t h = 0; h < heads.size(); ++h) {
    const bool promoted = h < promotions.size() && promotions[h];
    memory.promised_[h] =
        promoted ? heads[h]->promoted_bytes(*promotions[h]) : memory.promised_bytes(*heads[h], counts[h]);
  }
}

LayerMemory::Promise::~Promise() {
  const Lock lock(memory_.mutex_);
  std::fill(memory_.promised_.begin(), memory_.promised_.end(), 0);
}

// A seal takes the recent queries, unless all it had to make was clusters.
void LayerMemory::Promise::keep(std::size_t head) { memory_.release(heads_, head); }

}  // namespace rattan
