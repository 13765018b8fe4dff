// How many of a head's keys hold its softmax: what an epsilon budget will need, measured before the first decode.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "attention/logits.h"
#include "rattan/executor.h"
#include "rattan/matrix.h"
#include "rattan/types.h"

namespace rattan {

struct MassCurve {
  static constexpr std::array<double, 9> epsilons = {0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.001};

  // How many of the best keys must be read so that the others hold less than epsilons[i] of the softmax of all keys: of
  // the query heads of a position, which are searched together, the most; the median over positions. All 0: not
  // measured.
  std::array<std::uint32_t, epsilons.size()> keys{};

  bool measured() const noexcept { return keys.back() != 0; }
  // Of the largest measured epsilon that is no larger than `epsilon`, or of the smallest there is.
  std::uint32_t keys_for(double epsilon) const noexcept;
};

// queries: [groups * heads, d]; row i is at positions[i / heads] and sees the keys up to there. keys: [n, d]; those of
// `indexed` are searched, the others attended exactly anyhow. The same for any executor.
MassCurve measure_mass(MatrixView queries, std::span<const std::int64_t> positions, MatrixView keys, IdRange indexed,
                       const Logits& logits, Executor& executor);

}  // namespace rattan
