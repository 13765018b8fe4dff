#include "bench/measure/sweep_rows.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

namespace rattan::bench {
namespace {

double mean_of(std::span<const SweepRow> rows, double SweepRow::*member) {
  double sum = 0;
  for (const SweepRow& row : rows) sum += row.*member;
  return sum / static_cast<double>(rows.size());
}

double geometric_mean_of(std::span<const SweepRow> rows, double SweepRow::*member) {
  double sum = 0;
  for (const SweepRow& row : rows) sum += std::log(row.*member);
  return std::exp(sum / static_cast<double>(rows.size()));
}

NamedNumbers mean_stages(std::span<const SweepRow> rows) {
  NamedNumbers stages = rows.front().build_stages;
  for (auto& [name, seconds] : stages) {
    seconds = 0;
    for (const SweepRow& row : rows) {
      for (const auto& [other, value] : row.build_stages) seconds += other == name ? value : 0;
    }
    seconds /= static_cast<double>(rows.size());
  }
  return stages;
}

}  // namespace

SweepRow aggregate(std::span<const SweepRow> rows) {
  SweepRow all = rows.front();
  all.scope = "all";
  all.layer.reset();
  all.kv_head.reset();
  for (double SweepRow::*member :
       {&SweepRow::recall, &SweepRow::scan_fraction, &SweepRow::scan_group, &SweepRow::keys_per_query,
        &SweepRow::bytes_per_query, &SweepRow::centroids_per_query, &SweepRow::codes_per_query,
        &SweepRow::expansions_per_query, &SweepRow::mass, &SweepRow::output_error, &SweepRow::us_p50, &SweepRow::us_p99,
        &SweepRow::us_p50_deviation, &SweepRow::cycle_mb, &SweepRow::build_s, &SweepRow::index_share}) {
    all.*member = mean_of(rows, member);
  }
  all.scan_geomean = geometric_mean_of(rows, &SweepRow::scan_fraction);
  all.scan_worst_head = 0;
  all.recall_worst_head = 1;
  all.heads_reached = 0;
  all.heads_total = rows.size();
  all.index_bytes = 0;
  all.unreachable = 0;
  for (const SweepRow& row : rows) {
    all.scan_worst_head = std::max(all.scan_worst_head, row.scan_fraction);
    all.recall_worst_head = std::min(all.recall_worst_head, row.recall);
    all.heads_reached += row.reached ? 1 : 0;
    all.index_bytes += row.index_bytes / rows.size();
    all.unreachable += row.unreachable;
  }
  all.reached = all.heads_reached == all.heads_total;
  all.build_stages = mean_stages(rows);
  all.setting = std::to_string(all.heads_reached) + " of " + std::to_string(all.heads_total) + " KV heads reach it";
  return all;
}

std::vector<SweepRow> with_aggregates(std::vector<SweepRow> rows) {
  using Key = std::tuple<std::string, std::string, std::uint64_t, double>;
  std::vector<Key> order;
  std::map<Key, std::vector<SweepRow>> groups;
  for (const SweepRow& row : rows) {
    const Key key{row.source, row.index, row.k, row.target};
    if (groups.find(key) == groups.end()) order.push_back(key);
    groups[key].push_back(row);
  }
  for (const Key& key : order) rows.push_back(aggregate(groups[key]));
  return rows;
}

}  // namespace rattan::bench
