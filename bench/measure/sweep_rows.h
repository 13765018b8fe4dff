// What a variant reaches on one KV head at one recall target, or over all heads.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bench/measure/run_record.h"

namespace rattan::bench {

inline constexpr double not_measured = std::numeric_limits<double>::quiet_NaN();

using NamedNumbers = std::vector<std::pair<std::string, double>>;

// Shares are 0..1. Latencies are microseconds of one step: all query heads of the KV head.
struct SweepRow {
  std::string source;
  std::string index;
  std::string scope = "head";           // "head", or "all": means over the KV heads
  std::optional<std::int64_t> layer;    // none for "all"
  std::optional<std::int64_t> kv_head;  // none for "all"
  std::uint64_t keys = 0;               // indexed keys
  std::uint64_t dim = 0;
  std::string dtype;
  std::uint64_t heads = 0;  // query heads of the KV head
  std::uint64_t k = 0;
  double target = 0;
  bool reached = false;
  std::uint64_t heads_reached = 0;  // KV heads that reach the target, of `heads_total`
  std::uint64_t heads_total = 1;
  std::string setting;
  double recall = not_measured;
  double recall_worst_head = not_measured;  // "head": worst query head; "all": worst KV head
  double scan_fraction = not_measured;      // keys read per query head / keys
  double scan_group = not_measured;         // keys read per step / keys
  double scan_geomean = not_measured;       // "all": geometric mean of scan_fraction over the KV heads
  double scan_worst_head = not_measured;    // "all": largest scan_fraction
  double keys_per_query = not_measured;
  double bytes_per_query = not_measured;
  double centroids_per_query = not_measured;
  double codes_per_query = not_measured;
  double expansions_per_query = not_measured;
  double mass = not_measured;
  double output_error = not_measured;
  double us_p50 = not_measured;
  double us_p99 = not_measured;
  double us_p50_deviation = not_measured;  // standard deviation of the repeats' us_p50, which us_p50 is the mean of
  std::uint64_t latency_steps = 0;         // timed steps of a repeat behind us_p50 and us_p99
  std::uint64_t repeats = 0;
  double cycle_mb = not_measured;  // 10^6 bytes read elsewhere before a KV head is timed again
  double build_s = not_measured;
  NamedNumbers build_stages;  // seconds
  std::uint64_t unreachable = 0;
  std::uint64_t index_bytes = 0;
  double index_share = not_measured;  // index_bytes / bytes of the keys as f16
  std::string window;
  std::uint64_t queries = 0;  // decode steps asked
  RunRecord run;
};

// Rows of one variant, source and target over several KV heads as one. rows must not be empty.
SweepRow aggregate(std::span<const SweepRow> rows);

// Adds, after the head rows, one "all" row for every source, index and target; in the order of `rows`.
std::vector<SweepRow> with_aggregates(std::vector<SweepRow> rows);

}  // namespace rattan::bench
