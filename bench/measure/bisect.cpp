#include "bench/measure/bisect.h"

#include <algorithm>
#include <cmath>

namespace rattan::bench {
namespace {

// A walk that is stuck stays stuck: after this many doublings without gain a wider beam only costs time.
constexpr int patience = 3;
constexpr double least_gain = 1e-4;

constexpr double judged_share = 1.0 / 8;  // of enough keys: before that a curve may still turn up

}  // namespace

SettingSearch::SettingSearch(const SettingRange& range, Evaluate evaluate)
    : range_(range), evaluate_(std::move(evaluate)) {
  range_.low = std::max(1U, range_.low);
  range_.high = std::max(range_.low, range_.high);
}

const Evaluation& SettingSearch::at(std::uint32_t setting) {
  const auto found = evaluated_.find(setting);
  if (found != evaluated_.end()) return found->second;
  return evaluated_.emplace(setting, evaluate_(setting)).first->second;
}

SettingSearch::Result SettingSearch::cheapest(double target) {
  const bool reached = grow_until(target);
  if (reached) narrow(target);
  Result result;
  result.reached = reached;
  result.widest = evaluated_.rbegin()->first;
  bool first = true;
  for (const auto& [setting, evaluation] : evaluated_) {
    if (reached && evaluation.recall < target) continue;
    const bool improves = reached ? evaluation.keys_per_query < result.evaluation.keys_per_query
                                  : evaluation.recall > result.evaluation.recall;
    if (first || improves) result.evaluation = evaluation;
    first = false;
  }
  return result;
}

bool SettingSearch::grow_until(double target) {
  const auto reaches = [&](const auto& entry) { return entry.second.recall >= target; };
  if (std::any_of(evaluated_.begin(), evaluated_.end(), reaches)) return true;
  std::uint32_t setting = evaluated_.empty() ? range_.low : evaluated_.rbegin()->first;
  double best = at(setting).recall;
  for (int without_gain = 0; best < target && setting < range_.high && without_gain < patience;) {
    if (at(setting).keys_per_query >= range_.enough_keys || hopeless(setting, target)) break;
    setting = setting > range_.high / 2 ? range_.high : setting * 2;
    const double recall = at(setting).recall;
    without_gain = recall > best + least_gain ? 0 : without_gain + 1;
    best = std::max(best, recall);
  }
  return best >= target;
}

bool SettingSearch::hopeless(std::uint32_t setting, double target) const {
  const auto now = evaluated_.find(setting);
  const auto before = evaluated_.find(setting / 2);
  if (!range_.give_up_early || before == evaluated_.end()) return false;
  const double keys = now->second.keys_per_query;
  if (keys < judged_share * range_.enough_keys) return false;
  const double missed = 1 - now->second.recall;
  const double kept = std::min(1.0, missed / (1 - before->second.recall));
  const double doublings = std::ceil(std::log2(range_.enough_keys / keys));
  return missed * std::pow(kept, std::exp2(doublings + 1) - 2) > 1 - target;
}

void SettingSearch::narrow(double target) {
  const auto first_reaching = std::find_if(evaluated_.begin(), evaluated_.end(),
                                           [&](const auto& entry) { return entry.second.recall >= target; });
  std::uint32_t high = first_reaching->first;
  if (first_reaching == evaluated_.begin()) return;
  std::uint32_t low = std::prev(first_reaching)->first;
  while (high - low > 1 && high - low > range_.resolution * low) {
    const auto middle = static_cast<std::uint32_t>(std::sqrt(static_cast<double>(low) * high));
    const std::uint32_t setting = std::clamp(middle, low + 1, high - 1);
    (at(setting).recall >= target ? high : low) = setting;
  }
}

}  // namespace rattan::bench
