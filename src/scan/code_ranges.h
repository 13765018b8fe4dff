// The range of every channel of the keys, in which codes count. Centring and scaling each channel changes no ranking:
// an offset adds the same to every score of a query, and the scale moves into the query.
#pragma once

#include <cstddef>
#include <vector>

#include "rattan/executor.h"
#include "rattan/matrix.h"
#include "rattan/types.h"

namespace rattan {

struct ChannelRange {
  float lowest = 0;
  float highest = 0;
};

// From the smallest to the largest value of each channel: nothing is clipped. The keys that a query wants lie at the
// ends of the channels it looks at, so clipping, which least squares would do, costs recall (4 bits, synthetic head of
// 131,072 keys, best 300 by code: 0.992 whole, 0.949 clipped at 4 standard deviations, 0.925 at 3.2; leaving out 16
// keys a side where they widen the range by half: 0.91 for 0.95 in a walk). keys: [n, d], finite, n >= 1. The same for
// any executor.
std::vector<ChannelRange> channel_ranges(const MatrixView& keys, Executor& executor);

// Ranges of most rows, and the rows that would make them much wider, to be scored exactly: one key of 32 times the
// others' norm leaves the others' channels a single step.
struct InlierRanges {
  std::vector<ChannelRange> ranges;  // of all rows but the outliers
  std::vector<KeyId> outliers;       // ascending; an eighth of the rows at most
  std::vector<float> typical;        // by channel: a value amid the inliers; empty without outliers
};

// Rows are outliers by how far they lie from the middle of a channel, in widths of it (between the 1/16 quantiles of a
// sample). Few are worth a little and many a lot: the squared ranges, in widths, must fall to half, and the more the
// more rows it takes: for 1 % of the rows to a fifth. Natural tails stay in the ranges (of four real heads' keys none
// is an outlier; 60 of 32,128 at three quarters instead of a half, which changed no recall). keys: [n, d], finite, n
// >= 1. The same for any executor.
InlierRanges inlier_ranges(const MatrixView& keys, Executor& executor);

// inlier_ranges().outliers of so many rows at most. Few rows do not tell what is usual.
constexpr std::size_t most_outliers(std::size_t rows) noexcept { return rows < 64 ? 0 : rows / 8; }

}  // namespace rattan
