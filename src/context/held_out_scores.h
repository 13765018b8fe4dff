// Exact scores of held-out queries, for what is measured before the first decode.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "attention/logits.h"
#include "rattan/executor.h"
#include "rattan/matrix.h"
#include "scan/scorer.h"

namespace rattan {

// queries: [groups * heads, d]; row i is at positions[i / heads] and sees the keys up to there, of which there is one
// at least. Calls visit(group, rows, scores, visible) for every position: its query rows, and their scores of the first
// `visible` keys, row after row, capped as `logits` says. Positions in parallel, each once.
template <typename Visit>
void each_held_out(MatrixView queries, std::span<const std::int64_t> positions, MatrixView keys, const Logits& logits,
                   Executor& executor, const Visit& visit) {
  const std::size_t heads = queries.rows / positions.size();
  const Scorer scorer(keys, Metric::inner_product);
  executor.run(positions.size(), [&](std::size_t group, unsigned) {
    const auto last = std::clamp<std::int64_t>(positions[group], 0, static_cast<std::int64_t>(keys.rows) - 1);
    const auto visible = static_cast<std::size_t>(last) + 1;
    const MatrixView rows = queries.slice(group * heads, heads);
    PreparedQueries prepared;
    scorer.prepare(rows, prepared);
    std::vector<float> scores(heads * visible);
    std::vector<const void*> addresses;
    scorer.score_range(prepared, 0, visible, addresses, scores.data(), visible);
    logits.cap_scores(scores);
    visit(group, rows, std::span<const float>(scores), visible);
  });
}

}  // namespace rattan
