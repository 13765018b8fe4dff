// Which kind an index over given keys becomes: contenders are built, measured on calibration queries and judged by a
// cost. build_auto and the heads of a context both choose so.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "index/index_kind.h"

namespace rattan {

// Rows that may be chosen, an exact one first, kinds that need links last. Without links there are none of those.
std::vector<const IndexKind*> contenders(bool with_links);

// What a search that takes `microseconds` costs the caller: of all kinds the least wins.
using SearchCost = std::function<double(const IndexKind& kind, double microseconds)>;

struct ChosenKind {
  std::shared_ptr<const Index> index;
  FoundWidth width;

  // What was measured of each contender, for people: "width 120 recall 0.951 (worst query head 0.93) in 45 us".
  struct Measured {
    std::string_view kind;
    std::string text;
  };
  std::vector<Measured> measured;
  double recall = 0;        // that was measured
  double worst_recall = 0;  // the same of the worst query head
  bool reached = false;     // both suffice
  // The same in one text: kind, `between`, text, `separator`, the next kind.
  std::string words(std::string_view between, std::string_view separator) const;
};

// Builds all of `kinds`, the first of which is exact, turns their widths until the recall suffices and keeps the one of
// least cost among those that got there. inputs.calibration: checked, one group at least;
// inputs.params.automatic: what is wanted.
ChosenKind choose_kind(std::span<const IndexKind* const> kinds, const BuildInputs& inputs, const SearchCost& cost,
                       BuildStats* stats);

// Builds `kind` alone and finds the width with which it reaches the recall, measured against `exact`.
ChosenKind take_kind(const IndexKind& kind, const IndexKind& exact, const BuildInputs& inputs, BuildStats* stats);

}  // namespace rattan
