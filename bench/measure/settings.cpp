#include "bench/measure/settings.h"

#include <algorithm>

#include "bench/inputs/text.h"

namespace rattan::bench {
namespace {

// Bisection begins at k over this: a seeded group walk reaches much with a beam far below k.
constexpr std::uint32_t narrowest_beam = 20;

constexpr double hopeless_share = 0.5;

}  // namespace

SettingRange setting_range(const BuiltIndex& built, const Variant& variant, const HeadProblem& problem) {
  if (variant.knob == Knob::none) return {};
  SettingRange range{.low = 1, .high = built.max_setting};
  if (variant.knob == Knob::rerank) range.low = std::min(problem.k, range.high);
  if (variant.knob == Knob::beam_width) range.low = std::min(std::max(1U, problem.k / narrowest_beam), range.high);
  range.enough_keys = hopeless_share * static_cast<double>(problem.keys.view.rows);
  if (variant.group) range.enough_keys /= static_cast<double>(problem.heads);
  return range;
}

std::string describe_setting(const BuiltIndex& built, const SearchSetup& setup, std::uint32_t setting) {
  std::string text;
  switch (setup.variant.knob) {
    case Knob::none: text = "exact"; break;
    case Knob::rerank: text = "rerank " + std::to_string(setting); break;
    case Knob::probes: text = "probes " + std::to_string(setting) + "/" + std::to_string(built.max_setting); break;
    case Knob::beam_width: text = "beam " + std::to_string(setting); break;
  }
  if (setup.expansions_per_width > 0) text += ", expansions x" + significant(setup.expansions_per_width, 2);
  return built.label.empty() ? text : text + " " + built.label;
}

}  // namespace rattan::bench
