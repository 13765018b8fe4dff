// The drawings of the report page, each for the rows of one source. Empty text where there is nothing to draw.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/measure/report_data.h"

namespace rattan::bench {

// Recall against the share of keys read per query head (log axis): thin lines are KV heads, thick ones the geometric
// mean of the scans over the heads.
std::string draw_curves(std::span<const SweepRow> rows, std::span<const CurvePoint> points);

// Share of keys read per query head at the target nearest to 0.95; KV heads down, variants across.
std::string draw_heatmap(std::span<const SweepRow> rows);

// Mahalanobis distance of queries and of keys to the keys, 5 to 95 % of the rows, a line per KV head.
std::string draw_distances(std::span<const OodHead> heads);

// Queries and keys of each KV head in the plane of their two strongest principal directions.
std::string draw_planes(std::span<const OodHead> heads);

// Stroke attributes of a variant: a colour per family, a dash per member.
std::string variant_stroke(std::string_view index);
std::string variant_colour(std::string_view index);

// scan at which a curve (points of one index and head) first reaches `recall`, interpolated in log scan between the
// points that read no more for more recall; NaN where it does not.
double scan_at_recall(std::vector<CurvePoint> points, double recall);

}  // namespace rattan::bench
