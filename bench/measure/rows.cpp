#include "bench/measure/rows.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

namespace rattan::bench {
namespace {

const Field fields[] = {
    {"source", &Row::source},
    {"index", &Row::index},
    {"scope", &Row::scope},
    {"layer", &Row::layer},
    {"kv_head", &Row::kv_head},
    {"keys", &Row::keys},
    {"dim", &Row::dim},
    {"dtype", &Row::dtype},
    {"heads", &Row::heads},
    {"k", &Row::k},
    {"target", &Row::target},
    {"reached", &Row::reached},
    {"heads_reached", &Row::heads_reached},
    {"heads_total", &Row::heads_total},
    {"setting", &Row::setting},
    {"recall", &Row::recall},
    {"recall_worst_head", &Row::recall_worst_head},
    {"scan_fraction", &Row::scan_fraction},
    {"scan_group", &Row::scan_group},
    {"scan_geomean", &Row::scan_geomean},
    {"scan_worst_head", &Row::scan_worst_head},
    {"keys_per_query", &Row::keys_per_query},
    {"bytes_per_query", &Row::bytes_per_query},
    {"centroids_per_query", &Row::centroids_per_query},
    {"codes_per_query", &Row::codes_per_query},
    {"expansions_per_query", &Row::expansions_per_query},
    {"mass", &Row::mass},
    {"output_error", &Row::output_error},
    {"us_p50", &Row::us_p50},
    {"us_p99", &Row::us_p99},
    {"latency_steps", &Row::latency_steps},
    {"cycle_mb", &Row::cycle_mb},
    {"build_s", &Row::build_s},
    {"build_stages", &Row::build_stages},
    {"unreachable", &Row::unreachable},
    {"index_bytes", &Row::index_bytes},
    {"index_share", &Row::index_share},
    {"window", &Row::window},
    {"queries", &Row::queries},
    {"isa", &Row::isa},
    {"blas", &Row::blas},
    {"cpu", &Row::cpu},
    {"llc_bytes", &Row::llc_bytes},
    {"threads", &Row::threads},
    {"commit", &Row::commit},
    {"seed", &Row::seed},
};

double mean_of(std::span<const Row> rows, double Row::*member) {
  double sum = 0;
  for (const Row& row : rows) sum += row.*member;
  return sum / static_cast<double>(rows.size());
}

double geometric_mean_of(std::span<const Row> rows, double Row::*member) {
  double sum = 0;
  for (const Row& row : rows) sum += std::log(row.*member);
  return std::exp(sum / static_cast<double>(rows.size()));
}

NamedNumbers mean_stages(std::span<const Row> rows) {
  NamedNumbers stages = rows.front().build_stages;
  for (auto& [name, seconds] : stages) {
    seconds = 0;
    for (const Row& row : rows) {
      for (const auto& [other, value] : row.build_stages) seconds += other == name ? value : 0;
    }
    seconds /= static_cast<double>(rows.size());
  }
  return stages;
}

}  // namespace

std::span<const Field> row_fields() { return fields; }

Row aggregate(std::span<const Row> rows) {
  Row all = rows.front();
  all.scope = "all";
  all.layer.reset();
  all.kv_head.reset();
  for (double Row::*member :
       {&Row::recall, &Row::scan_fraction, &Row::scan_group, &Row::keys_per_query, &Row::bytes_per_query,
        &Row::centroids_per_query, &Row::codes_per_query, &Row::expansions_per_query, &Row::mass, &Row::output_error,
        &Row::us_p50, &Row::us_p99, &Row::cycle_mb, &Row::build_s, &Row::index_share}) {
    all.*member = mean_of(rows, member);
  }
  all.scan_geomean = geometric_mean_of(rows, &Row::scan_fraction);
  all.scan_worst_head = 0;
  all.recall_worst_head = 1;
  all.heads_reached = 0;
  all.heads_total = rows.size();
  all.index_bytes = 0;
  all.unreachable = 0;
  for (const Row& row : rows) {
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

std::vector<Row> with_aggregates(std::vector<Row> rows) {
  using Key = std::tuple<std::string, std::string, std::uint64_t, double>;
  std::vector<Key> order;
  std::map<Key, std::vector<Row>> groups;
  for (const Row& row : rows) {
    const Key key{row.source, row.index, row.k, row.target};
    if (groups.find(key) == groups.end()) order.push_back(key);
    groups[key].push_back(row);
  }
  for (const Key& key : order) rows.push_back(aggregate(groups[key]));
  return rows;
}

}  // namespace rattan::bench
