// The drawings of the report page, each for the rows of one source. Empty text where there is nothing to draw.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/measure/report_data.h"

namespace rattan::bench {

// A decoder that misses a fifth of what it asked for is of no use: what lies below is folded or not drawn.
inline constexpr double least_recall_shown = 0.8;

// What is read per query head.
enum class Reading : std::uint8_t { keys, bytes };

// Recall, from 0.8 on, against what is read (log axis), for every setting that was tried: thin lines are KV heads,
// thick ones the geometric mean over the heads. Empty where points do not say it.
std::string draw_curves(std::span<const SweepRow> rows, std::span<const CurvePoint> points,
                        Reading reading = Reading::keys);

// Queries per second against recall, as ANN benchmarks draw it: the timed rows; a query is that of one query head.
std::string draw_speed(std::span<const SweepRow> rows);

// What the curves' colours and dashes mean, with the figures at the target nearest to 0.95, as HTML.
std::string draw_legend(std::span<const SweepRow> rows);

// Share of keys read per query head at the target nearest to 0.95; KV heads down, variants across.
std::string draw_heatmap(std::span<const SweepRow> rows);

// Mahalanobis distance of queries and of keys to the keys, 5 to 95 % of the rows, a line per KV head.
std::string draw_distances(std::span<const OodHead> heads);

// Queries and keys of each KV head in the plane of their two strongest principal directions.
std::string draw_planes(std::span<const OodHead> heads);

// Stroke attributes of a variant: a colour per family, a dash per member.
std::string variant_stroke(std::string_view index);
std::string variant_colour(std::string_view index);

// What a curve (points of one index and head) reads where it first reaches `recall`, interpolated in its logarithm
// between the points that read no more for more recall; NaN where it does not.
double read_at_recall(std::vector<CurvePoint> points, double recall, Reading reading = Reading::keys);

// What the distances of the heads mean for an index, in one or two sentences; empty where none were measured.
std::string explain_distances(std::span<const OodHead> heads);

}  // namespace rattan::bench
