// Keys that a search has found for one query row, and what attention over them asks of them.
#pragma once

#include <cstddef>
#include <limits>
#include <span>

#include "core/check.h"
#include "rattan/types.h"

namespace rattan {

// Distinct ids with their scores, unscaled. Entries from the first no_key on are left out.
struct Retrieved {
  std::span<const KeyId> ids;
  std::span<const float> scores;

  Retrieved first(std::size_t count) const { return {ids.first(count), scores.first(count)}; }
};

// The entries before the first no_key. Throws Error(invalid_argument) for an id of `rows` or more, spans of different
// length, and scores that are NaN or +infinity.
inline Retrieved checked(const Retrieved& keys, std::size_t rows) {
  if (keys.ids.size() != keys.scores.size()) {
    fail(ErrorCode::invalid_argument, "scores has ", keys.scores.size(), " entries, ids has ", keys.ids.size());
  }
  for (std::size_t i = 0; i < keys.ids.size(); ++i) {
    if (keys.ids[i] == no_key) return keys.first(i);
    if (keys.ids[i] >= rows) {
      fail(ErrorCode::invalid_argument, "ids[", i, "] is ", keys.ids[i], ", allowed is below ", rows);
    }
    if (!(keys.scores[i] < std::numeric_limits<float>::infinity())) {
      fail(ErrorCode::invalid_argument, "scores[", i, "] is ", keys.scores[i], ", allowed is a number or -infinity");
    }
  }
  return keys;
}

}  // namespace rattan
