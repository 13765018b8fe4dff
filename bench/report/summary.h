// The figures a sweep is read for: how long a step takes beside an exact scan, and how many bytes and keys a variant
// reads beside the baselines. From head rows alone, so that saved rows give the same answer.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/measure/sweep_rows.h"
#include "bench/report/record.h"

namespace rattan::bench {

// A ratio over the KV heads where both sides reach the target.
struct Ratio {
  double geomean = not_measured;
  double least = not_measured;
  double most = not_measured;
  std::size_t heads = 0;  // compared
  std::size_t total = 0;  // KV heads with a row of the variant
};

// keys_per_query of `index` / the smaller of the baselines "ivf" and "hnsw" (one head at a time), per KV head.
Ratio keys_beside_baselines(std::span<const SweepRow> rows, std::string_view source, std::string_view index,
                            double target);

// The same of bytes_per_query: keys, codes, centroids and edges.
Ratio bytes_beside_baselines(std::span<const SweepRow> rows, std::string_view source, std::string_view index,
                             double target);

// us_p50 of "flat" / us_p50 of `index`, per KV head: above 1 the index is faster.
Ratio speed_beside_flat(std::span<const SweepRow> rows, std::string_view source, std::string_view index, double target);

// bytes_per_query of "flat" / that of `index`, per KV head.
Ratio fewer_bytes_than_flat(std::span<const SweepRow> rows, std::string_view source, std::string_view index,
                            double target);

// Sources, variants and targets in the order of the rows.
std::vector<std::string> sources_of(std::span<const SweepRow> rows);
std::vector<std::string> indexes_of(std::span<const SweepRow> rows);
std::vector<double> targets_of(std::span<const SweepRow> rows);

// The target of the rows that is nearest to `wanted`; rows must not be empty.
double nearest_target(std::span<const SweepRow> rows, double wanted);

// One small table per figure, a record per variant and measure; none where the rows do not hold what it compares. The
// first says how fast, the second how much is read.
std::vector<std::vector<Record>> summary_tables(std::span<const SweepRow> rows, const std::string& source);

}  // namespace rattan::bench
