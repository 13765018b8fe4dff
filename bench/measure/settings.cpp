#include "bench/measure/settings.h"

#include <algorithm>

#include "bench/inputs/text.h"
#include "core/check.h"

namespace rattan::bench {
namespace {

// Bisection begins at k over this: a group walk with start keys reaches much with a beam far below k.
constexpr std::uint32_t narrowest_beam = 20;

constexpr double hopeless_share = 0.5;

}  // namespace

SettingRange setting_range(const BuiltIndex& built, const Variant& variant, const HeadProblem& problem) {
  const WidthKnob knob = variant.knob();
  if (!knob) return {};
  SettingRange range{.low = 1, .high = built.max_setting};
  if (knob.param == rerank_knob.param) range.low = std::min(problem.k, range.high);
  if (knob.param == beam_knob.param) range.low = std::min(std::max(1U, problem.k / narrowest_beam), range.high);
  range.enough_keys = hopeless_share * static_cast<double>(problem.keys.view.rows);
  range.give_up_early = true;
  if (variant.group) range.enough_keys /= static_cast<double>(problem.heads);
  return range;
}

std::string describe_setting(const BuiltIndex& built, const SearchSetup& setup, std::uint32_t setting) {
  const WidthKnob knob = setup.variant.knob();
  std::string text = knob ? message(knob.name, " ", setting) : "exact";
  if (knob.param == probes_knob.param) text += message("/", built.max_setting);
  if (setup.expansions_per_width > 0) text += ", expansions x" + significant(setup.expansions_per_width, 2);
  return built.label.empty() ? text : text + " " + built.label;
}

std::string describe_result(const BuiltIndex& built, const SearchSetup& setup, const SettingSearch::Result& result) {
  const std::string text = describe_setting(built, setup, result.evaluation.setting);
  const WidthKnob knob = setup.variant.knob();
  return result.reached || !knob ? text : message(text, ", given up at ", knob.name, " ", result.widest);
}

}  // namespace rattan::bench
