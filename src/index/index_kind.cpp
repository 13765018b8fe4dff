#include "index/index_kind.h"

#include <algorithm>
#include <cmath>

namespace rattan {
namespace {

constexpr std::uint64_t largest_width = 1U << 24;  // of SearchParams
constexpr std::uint32_t most_rows = 1U << 15;      // SearchParams::group

}  // namespace

void IndexKind::apply_width(std::uint32_t value, SearchParams& params) const noexcept {
  if (width && !(params.*width.param)) params.*width.param = value;
}

void IndexKind::apply_row_widths(std::span<const float> factors, SearchParams& params) const noexcept {
  const bool asked = params.beam_width || !params.row_widths.empty();
  if (width.param == beam_knob.param && !asked && params.group == factors.size()) params.row_widths = factors;
}

void FoundWidth::apply(std::uint32_t neighbors, SearchParams& params) const noexcept {
  if (k == 0 || width == 0) return;
  const auto scaled = (std::uint64_t{width} * neighbors + k - 1) / k;
  kind->apply_row_widths(row_widths, params);
  kind->apply_width(static_cast<std::uint32_t>(std::clamp<std::uint64_t>(scaled, 1, largest_width)), params);
}

void write_row_widths(ByteWriter& out, std::span<const float> row_widths) {
  out.u32(static_cast<std::uint32_t>(row_widths.size()));
  for (const float factor : row_widths) out.u32(static_cast<std::uint32_t>(std::lround(factor / row_width_step)));
}

std::vector<float> read_row_widths(ByteReader& in) {
  std::vector<float> row_widths(in.number_in<std::uint32_t>("rows with widths of their own", 0, most_rows));
  for (float& factor : row_widths) {
    const auto steps =
        in.number_in<std::uint32_t>("width of a row", static_cast<std::uint32_t>(least_row_width / row_width_step),
                                    static_cast<std::uint32_t>(most_row_width / row_width_step));
    factor = static_cast<float>(steps) * row_width_step;
  }
  return row_widths;
}

}  // namespace rattan
