#include "index/index_kind.h"

#include <algorithm>

namespace rattan {
namespace {

constexpr std::uint64_t largest_width = 1U << 24;  // of SearchParams

}  // namespace

void IndexKind::apply_width(std::uint32_t value, SearchParams& params) const noexcept {
  if (width && !(params.*width.param)) params.*width.param = value;
}

void FoundWidth::apply(std::uint32_t neighbors, SearchParams& params) const noexcept {
  if (k == 0 || width == 0) return;
  const auto scaled = (std::uint64_t{width} * neighbors + k - 1) / k;
  kind->apply_width(static_cast<std::uint32_t>(std::clamp<std::uint64_t>(scaled, 1, largest_width)), params);
}

}  // namespace rattan
