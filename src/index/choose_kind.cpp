#include "index/choose_kind.h"

#include <algorithm>
#include <cmath>

#include "core/build_timer.h"
#include "core/check.h"
#include "index/calibrate.h"
#include "index/registry.h"

namespace rattan {
namespace {

using Built = std::vector<std::shared_ptr<const Index>>;

std::vector<Trial> trials_of(const Built& built, const BuildInputs& inputs, bool timed) {
  std::vector<const Index*> tried;
  for (const auto& index : built) tried.push_back(index.get());
  AutoBuildParams params = inputs.params.automatic;
  params.executor = inputs.executor;
  return timed ? try_out(tried, inputs.calibration, params) : find_widths(tried, inputs.calibration, params);
}

std::string describe(const Trial& trial) {
  std::string text = "all keys";
  if (!trial.kind->exact) {
    const auto thousandths = [](double recall) { return std::round(recall * 1000) / 1000; };
    text = message("width ", trial.width, " recall ", thousandths(trial.recall), " (worst query head ",
                   thousandths(trial.worst_recall), ")");
    if (!trial.row_widths.empty()) {
      const auto [least, most] = std::ranges::minmax(trial.row_widths);
      text += message(", ", thousandths(least), " to ", thousandths(most), " of it by query head");
    }
    if (!trial.reached) text += " is not enough";
  }
  if (trial.microseconds != 0) text += message(" in ", std::round(trial.microseconds), " us");
  return text;
}

ChosenKind keep(std::shared_ptr<const Index> index, const Trial& trial, const BuildInputs& inputs) {
  return {std::move(index), trial.found(inputs.params.automatic.k), {}, trial.recall, trial.worst_recall,
          trial.reached};
}

}  // namespace

std::vector<const IndexKind*> contenders(bool with_links) {
  std::vector<const IndexKind*> rows;
  for (const IndexKind& kind : index_kinds()) {
    if (kind.contender && kind.available && (with_links || !kind.needs_links)) rows.push_back(&kind);
  }
  const auto rank = [](const IndexKind* kind) { return kind->exact ? 0 : kind->needs_links ? 2 : 1; };
  std::stable_sort(rows.begin(), rows.end(), [&](const IndexKind* a, const IndexKind* b) { return rank(a) < rank(b); });
  return rows;
}

std::string ChosenKind::words(std::string_view between, std::string_view separator) const {
  std::string text;
  for (const Measured& one : measured) {
    if (!text.empty()) text += separator;
    text += message(one.kind, between, one.text);
  }
  return text;
}

ChosenKind choose_kind(std::span<const IndexKind* const> kinds, const BuildInputs& inputs, const SearchCost& cost,
                       BuildStats* stats) {
  Built built;
  for (const IndexKind* const kind : kinds) built.push_back(kind->build(inputs, stats));
  BuildTimer timer(stats);
  std::vector<Trial> trials = trials_of(built, inputs, true);
  std::size_t best = 0;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    if (!trials[i].reached) continue;
    trials[i].microseconds = cost(*trials[i].kind, trials[i].microseconds);
    if (trials[i].microseconds < trials[best].microseconds) best = i;
  }
  ChosenKind chosen = keep(built[best], trials[best], inputs);
  for (const Trial& trial : trials) chosen.measured.push_back({trial.kind->name, describe(trial)});
  timer.stage("calibrate");
  return chosen;
}

ChosenKind take_kind(const IndexKind& kind, const IndexKind& exact, const BuildInputs& inputs, BuildStats* stats) {
  const Built built{exact.build(inputs, stats), kind.build(inputs, stats)};
  BuildTimer timer(stats);
  const Trial trial = trials_of(built, inputs, false).back();
  ChosenKind chosen = keep(built.back(), trial, inputs);
  chosen.measured.push_back({kind.name, describe(trial)});
  timer.stage("calibrate");
  return chosen;
}

}  // namespace rattan
