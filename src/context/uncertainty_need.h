// How many keys an epsilon budget with the estimate of unread keys will ask of a head, measured before the first decode
// (mass_curve.h is the same for budgets without it).
#pragma once

#include <cstdint>
#include <span>

#include "attention/logits.h"
#include "clusters/key_clusters.h"
#include "rattan/context.h"
#include "rattan/executor.h"
#include "rattan/matrix.h"
#include "rattan/types.h"

namespace rattan {

// queries: [groups * heads, d]; row i is at positions[i / heads] and sees the keys up to there. keys:
// [n, d]; those of `indexed` are searched, exactly here, and clusters are theirs; the others are attended exactly. Of
// the query heads of a position, which are searched together, the most that a BudgetLoop retrieves for one by itself,
// at least budget.k and at most budget.most_k; the median over positions. budget.k without positions. The same for any
// executor.
std::uint32_t keys_for_uncertainty(MatrixView queries, std::span<const std::int64_t> positions, MatrixView keys,
                                   IdRange indexed, const KeyClusters& clusters, const Logits& logits,
                                   const Budget& budget, Executor& executor);

}  // namespace rattan
