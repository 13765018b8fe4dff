// What attention over found keys asks of ids and scores.
#pragma once

#include <cstddef>
#include <limits>
#include <span>

#include "core/check.h"
#include "rattan/types.h"

namespace rattan {

// The number of ids before the first no_key. Throws Error(invalid_argument) for an id of `rows` or more, spans of
// different length, and scores that are NaN or +infinity.
inline std::size_t check_found(std::span<const KeyId> ids, std::span<const float> scores, std::size_t rows) {
  if (ids.size() != scores.size()) {
    fail(ErrorCode::invalid_argument, "scores has ", scores.size(), " entries, ids has ", ids.size());
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] == no_key) return i;
    if (ids[i] >= rows) fail(ErrorCode::invalid_argument, "ids[", i, "] is ", ids[i], ", allowed is below ", rows);
    if (!(scores[i] < std::numeric_limits<float>::infinity())) {
      fail(ErrorCode::invalid_argument, "scores[", i, "] is ", scores[i], ", allowed is a number or -infinity");
    }
  }
  return ids.size();
}

}  // namespace rattan
