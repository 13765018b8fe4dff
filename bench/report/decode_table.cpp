#include "bench/report/decode_table.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <set>

#include "bench/context/decode_run.h"
#include "bench/inputs/text.h"
#include "bench/measure/environment.h"
#include "bench/report/growth_chart.h"
#include "core/check.h"

namespace rattan::bench {
namespace {

bool same_way(const Json& a, const Json& b) {
  return a.at("way") == b.at("way") && a.at("estimate") == b.at("estimate");
}

const Json& fellow(const std::vector<Json>& records, const Json& record, const char* way) {
  return *std::find_if(records.begin(), records.end(), [&](const Json& other) {
    return other.at("way") == way && other.at("source") == record.at("source");
  });
}

}  // namespace

void compare_decode_records(std::vector<Json>& records) {
  for (Json& record : records) {
    const double us = record.at("us_p50").get<double>();
    record["times_faster_than_full"] = fellow(records, record, "full").at("us_p50").get<double>() / us;
    const bool has_flat =
        std::any_of(records.begin(), records.end(), [](const Json& other) { return other.at("way") == "flat"; });
    record["times_faster_than_flat"] =
        has_flat ? Json(fellow(records, record, "flat").at("us_p50").get<double>() / us) : Json(nullptr);
    std::vector<double> keys;
    std::vector<double> times;
    for (const Json& other : records) {
      if (!same_way(record, other)) continue;
      keys.push_back(other.at("keys").get<double>());
      times.push_back(other.at("us_p50").get<double>());
    }
    const bool grows = std::set<double>(keys.begin(), keys.end()).size() > 1;
    record["growth_exponent"] = grows ? Json(growth_exponent(keys, times)) : Json(nullptr);
  }
}

namespace {

std::string title_of(const Json& record) {
  return record.at("estimate") == "on" ? record.at("way").get<std::string>() + " + estimate"
                                       : record.at("way").get<std::string>();
}

}  // namespace

void plot_decode_records(const std::string& path, const std::vector<Json>& records) {
  std::vector<GrowthLine> lines;
  for (const Json& record : records) {
    auto line = std::find_if(lines.begin(), lines.end(), [&](const auto& l) { return l.name == title_of(record); });
    if (line == lines.end()) {
      const Json& exponent = record.at("growth_exponent");
      lines.push_back({title_of(record), {}, exponent.is_null() ? "" : fixed(exponent.get<double>(), 2)});
      line = std::prev(lines.end());
    }
    line->points.emplace_back(record.at("keys").get<double>(), record.at("us_p50").get<double>());
  }
  for (GrowthLine& line : lines) std::sort(line.points.begin(), line.points.end());
  std::ofstream out(path);
  out << draw_growth(lines, "Decode time of one layer, cold caches, " + environment().cpu, "grows as keys to the");
  out.close();
  if (!out) fail(ErrorCode::io, "--plot ", path, " cannot be written");
}

void print_decode_records(Format format, const std::vector<Json>& records) {
  write_records(
      std::cout, format,
      {fixed_column("keys", "keys", 0), text_column("way", "way"), text_column("estimate", "estimate"),
       fixed_column("us p50", "us_p50", 1), fixed_column("us p99", "us_p99", 1),
       fixed_column("x flat", "times_faster_than_flat", 2), fixed_column("x full", "times_faster_than_full", 2),
       percent_column("keys read", "keys_share"), fixed_column("KB", "bytes", 0, 1e-3),
       fixed_column("out err", "output_error", 4), fixed_column("exponent", "growth_exponent", 2),
       fixed_column("build s", "build_s", 1), fixed_column("layers", "layers", 0), text_column("heads", "kinds")},
      records);
  if (format != Format::markdown) return;
  const Json& first = records.front();
  std::cout << "\n"
            << first.at("query_heads") << " query heads on " << first.at("kv_heads") << " KV heads, " << first.at("dim")
            << " x " << first.at("dtype").get<std::string>() << ", k = " << first.at("k")
            << ".\nus: one layer of one token, one thread; the layers in turn (" << first.at("layers_distinct")
            << " distinct, the others copies at other addresses), ways interleaved;\nbefore the turn of each way twice "
               "the last-level cache ("
            << fixed(static_cast<double>(environment().llc_bytes) / 1e6, 0)
            << " MB) is read from elsewhere. full: attention to every key. flat: one exact pass\nover the keys for all "
               "query heads of a KV head, values of the best k. keys read, KB: per layer and step. out err: |o - o'| / "
               "|o| against full.\nexponent: of the power of the keys by which us grows; build s: per distinct KV "
               "head. CPU "
            << environment().cpu << ", kernels " << environment().isa << ", commit " << environment().commit << ".\n";
}

}  // namespace rattan::bench
