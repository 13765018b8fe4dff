#include "index/growth_store.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"

namespace rattan {
namespace {

std::size_t bytes_of(std::size_t rows, std::size_t row_bytes) {
  return checked_mul(rows, row_bytes, "GrowthParams::capacity", ErrorCode::invalid_argument);
}

// Blocks of codes are whole.
std::size_t rounded_up(std::size_t rows) {
  constexpr std::size_t step = simd::code_block_rows;
  return (rows + step - 1) / step * step;
}

}  // namespace

GrowthStore::GrowthStore(std::size_t capacity, const GrowthLayout& layout)
    : capacity_(capacity),
      layout_(layout),
      codes_(layout.codes == nullptr ? 0 : bytes_of(rounded_up(capacity), layout.codes->row_bytes())),
      edges_(bytes_of(capacity, layout.stride)),
      entry_points_(layout.stride == 0 ? 0 : capacity),
      segments_(capacity) {}

GrowthStore::View GrowthStore::view() const noexcept {
  View view;
  const std::size_t segments = segment_count_.load(std::memory_order_acquire);
  if (segments != 0) {
    view.sealed = segments_[segments - 1].end;
    view.entry_points = segments_[segments - 1].entry_points;
  }
  return view;
}

MemoryUse GrowthStore::memory() const {
  const View now = view();
  MemoryUse use;
  if (layout_.codes != nullptr) use.parts.emplace_back("codes", now.sealed * layout_.codes->row_bytes());
  if (layout_.stride != 0) {
    use.parts.emplace_back("edges", slots(now.sealed).size_bytes());
    use.parts.emplace_back("entry_points", entry_points(now.entry_points).size_bytes());
  }
  return use;
}

std::size_t GrowthStore::sealed_bytes() const noexcept {
  const View now = view();
  return segment_bytes(now.sealed, now.entry_points);
}

std::size_t GrowthStore::segment_bytes(std::size_t rows, std::size_t entry_points) const noexcept {
  const std::size_t code_bytes = layout_.codes == nullptr ? 0 : layout_.codes->row_bytes();
  const std::size_t ids = layout_.stride == 0 ? 0 : rows * layout_.stride + entry_points;
  return rows * code_bytes + ids * sizeof(KeyId);
}

void GrowthStore::truncate(std::size_t rows) noexcept {
  std::size_t segments = segment_count_.load(std::memory_order_relaxed);
  while (segments != 0 && segments_[segments - 1].end > rows) --segments;
  segment_count_.store(segments, std::memory_order_release);
}

void GrowthStore::seal(const MatrixView& keys, const Graph* graph, KeyId first_id, Executor& executor) {
  const View now = view();
  const std::size_t begin = now.sealed;
  const std::size_t end = begin + keys.rows;
  if (layout_.codes != nullptr) layout_.codes->encode(keys, begin, codes_.data(), executor);
  std::size_t entry_points = now.entry_points;
  if (graph != nullptr) {
    const auto grown_id = [&](KeyId id) { return id == no_key ? no_key : id + first_id; };
    for (std::size_t i = begin; i < end; ++i) {
      const auto from = graph->slots(static_cast<KeyId>(i - begin));
      KeyId* to = &edges_[i * layout_.stride];
      std::fill(std::transform(from.begin(), from.end(), to, grown_id), to + layout_.stride, no_key);
    }
    for (const KeyId id : graph->entry_points) entry_points_[entry_points++] = grown_id(id);
  }
  const std::size_t segments = segment_count_.load(std::memory_order_relaxed);
  segments_[segments] = {end, entry_points};
  segment_count_.store(segments + 1, std::memory_order_release);
}

}  // namespace rattan
