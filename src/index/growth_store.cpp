#include "index/growth_store.h"

#include <algorithm>
#include <utility>

namespace rattan {
namespace {

// Blocks of codes are whole.
std::size_t rounded_up(std::size_t rows) {
  constexpr std::size_t step = simd::code_block_rows;
  return (rows + step - 1) / step * step;
}

std::size_t outlier_bytes(std::span<const CodePart> parts) {
  std::size_t bytes = 0;
  for (const CodePart& part : parts) bytes += part.outlier_bytes();
  return bytes;
}

}  // namespace

GrowthStore::GrowthStore(const GrowthLayout& layout) : layout_(layout), grown_(std::make_shared<const Grown>()) {}

GrowthStore::View GrowthStore::view() const noexcept {
  if (grown_->segments.empty()) return {};
  return {grown_->segments.back().end, grown_->segments.back().entry_points, grown_->code_parts};
}

MemoryUse GrowthStore::memory() const {
  const View now = view();
  MemoryUse use;
  if (layout_.codes != nullptr) {
    use.parts.emplace_back("codes", now.sealed * layout_.codes->row_bytes() + outlier_bytes(now.code_parts));
  }
  if (layout_.stride != 0) {
    use.parts.emplace_back("edges", slots(now.sealed).size_bytes());
    use.parts.emplace_back("entry_points", entry_points(now.entry_points).size_bytes());
  }
  return use;
}

std::size_t GrowthStore::sealed_bytes() const noexcept {
  const View now = view();
  return row_bytes(now.sealed, now.entry_points) + outlier_bytes(now.code_parts);
}

std::size_t GrowthStore::segment_bytes(std::size_t rows, std::size_t entry_points) const noexcept {
  const std::size_t outliers = layout_.codes == nullptr ? 0 : most_outliers(rows);
  return row_bytes(rows, entry_points) + outliers * sizeof(KeyId);
}

std::size_t GrowthStore::row_bytes(std::size_t rows, std::size_t entry_points) const noexcept {
  const std::size_t code_bytes = layout_.codes == nullptr ? 0 : layout_.codes->row_bytes();
  const std::size_t ids = layout_.stride == 0 ? 0 : rows * layout_.stride + entry_points;
  return rows * code_bytes + ids * sizeof(KeyId);
}

std::vector<std::size_t> GrowthStore::segment_ends() const {
  std::vector<std::size_t> ends;
  for (const Segment& segment : grown_->segments) ends.push_back(segment.end);
  return ends;
}

void GrowthStore::truncate(std::size_t rows) {
  if (view().sealed <= rows) return;
  auto cut = std::make_shared<Grown>(*grown_);
  while (!cut->segments.empty() && cut->segments.back().end > rows) cut->segments.pop_back();
  const Segment last = cut->segments.empty() ? Segment{0, 0} : cut->segments.back();
  cut->codes.resize(layout_.codes == nullptr ? 0 : rounded_up(last.end) * layout_.codes->row_bytes());
  cut->code_parts.resize(layout_.codes == nullptr ? 0 : cut->segments.size());
  cut->edges.resize(last.end * layout_.stride);
  cut->entry_points.resize(last.entry_points);
  grown_ = std::move(cut);
}

// All are copied: that takes a hundredth of what a segment takes to make.
void GrowthStore::seal(const MatrixView& keys, const Graph* graph, KeyId first_id, Executor& executor) {
  const std::size_t begin = view().sealed;
  const std::size_t end = begin + keys.rows;
  auto grown = std::make_shared<Grown>(*grown_);
  if (layout_.codes != nullptr) {
    grown->codes.resize(rounded_up(end) * layout_.codes->row_bytes());
    grown->code_parts.push_back(layout_.codes->encode(keys, begin, grown->codes.data(), executor));
  }
  if (graph != nullptr) {
    const auto grown_id = [&](KeyId id) { return id == no_key ? no_key : id + first_id; };
    grown->edges.resize(end * layout_.stride, no_key);
    for (std::size_t i = begin; i < end; ++i) {
      const auto from = graph->slots(static_cast<KeyId>(i - begin));
      std::ranges::transform(from, grown->edges.begin() + static_cast<std::ptrdiff_t>(i * layout_.stride), grown_id);
    }
    for (const KeyId id : graph->entry_points) grown->entry_points.push_back(grown_id(id));
  }
  grown->segments.push_back({end, grown->entry_points.size()});
  grown_ = std::move(grown);
}

}  // namespace rattan
