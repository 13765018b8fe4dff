// Finds the cheapest width that reaches a recall. Recall grows with the width, though not strictly.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>

#include "bench/measure/evaluation.h"

namespace rattan::bench {

struct SettingRange {
  std::uint32_t low = 1;
  std::uint32_t high = 1;
  double resolution = 0.03;  // stop when neighbouring settings differ by less than this share
  // Widths stop doubling at the first setting that reads this many keys per query.
  double enough_keys = std::numeric_limits<double>::infinity();
  // Whether a target is given up before that, where the last doubling says that it will not be reached.
  bool give_up_early = false;
};

class SettingSearch {
 public:
  using Evaluate = std::function<Evaluation(std::uint32_t setting)>;

  SettingSearch(const SettingRange& range, Evaluate evaluate);

  struct Result {
    Evaluation evaluation;  // the one that reads fewest keys among those that reach; else the one of best recall
    bool reached = false;
    std::uint32_t widest = 0;  // setting that was evaluated: where a target was not reached, it was given up there
  };

  // Doubles the width until the target is reached, recall has stopped growing, enough keys are read or the target is
  // given up, then bisects in log steps. Given up is a target, once an eighth of enough keys is read, that would not be
  // reached at enough keys even if each doubling to come gained twice as much as the one before, in the logarithm of
  // the missed share. Settings are evaluated once and shared between targets; with one setting only (low == high) that
  // one is the answer.
  Result cheapest(double target);

  // Every setting evaluated so far.
  const std::map<std::uint32_t, Evaluation>& evaluated() const noexcept { return evaluated_; }

 private:
  const Evaluation& at(std::uint32_t setting);
  bool grow_until(double target);
  bool hopeless(std::uint32_t setting, double target) const;
  void narrow(double target);

  SettingRange range_;
  Evaluate evaluate_;
  std::map<std::uint32_t, Evaluation> evaluated_;
};

}  // namespace rattan::bench
