// Everything a sweep found, in one value: what writers print, what a jsonl file holds and what the HTML page draws.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/measure/sweep_rows.h"

namespace rattan::bench {

// One evaluated setting: a point of the curves of recall against what is read.
struct CurvePoint {
  std::string source;
  std::string index;
  std::int64_t layer = 0;
  std::int64_t kv_head = 0;
  std::string variant;  // what tells curves of one index and head apart, e.g. "spherical"
  std::uint64_t setting = 0;
  double recall = 0;
  double scan_fraction = 0;
  double bytes_per_query = 0;  // 0: not known

  friend bool operator==(const CurvePoint&, const CurvePoint&) = default;
};

// How far out of distribution one KV head's queries are: quantiles 5, 25, 50, 75, 95 % of the Mahalanobis distance to
// the keys, and a sample of both clouds in the plane of their two strongest principal directions.
struct OodHead {
  std::string source;
  std::int64_t layer = 0;
  std::int64_t kv_head = 0;
  std::vector<double> query_quantiles;
  std::vector<double> key_quantiles;
  std::vector<double> query_plane;  // x0, y0, x1, y1, ...
  std::vector<double> key_plane;

  friend bool operator==(const OodHead&, const OodHead&) = default;
};

struct ReportData {
  std::string command;             // as typed, for the page
  std::vector<std::string> notes;  // footnotes, e.g. what the latency cycle read
  std::vector<SweepRow> rows;
  std::vector<CurvePoint> points;
  std::vector<OodHead> ood;
};

}  // namespace rattan::bench
