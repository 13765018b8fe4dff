#include "bench/report/decode_table.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <ostream>
#include <set>

#include "bench/context/decode_run.h"
#include "bench/inputs/text.h"
#include "bench/report/growth_chart.h"
#include "bench/report/run_fields.h"
#include "core/check.h"

namespace rattan::bench {
namespace {

// Time of `way` over the same keys; NaN where it was not asked.
double us_of(const std::vector<DecodeRow>& rows, const std::string& source, const char* way) {
  const auto found =
      std::ranges::find_if(rows, [&](const DecodeRow& row) { return row.way == way && row.source == source; });
  return found == rows.end() ? not_measured : found->us.p50;
}

double exponent_of(const std::vector<DecodeRow>& rows, const DecodeRow& row) {
  std::vector<double> keys;
  std::vector<double> times;
  for (const DecodeRow& other : rows) {
    if (other.way != row.way || other.estimate != row.estimate) continue;
    keys.push_back(static_cast<double>(other.keys));
    times.push_back(other.us.p50);
  }
  const bool grows = std::set<double>(keys.begin(), keys.end()).size() > 1;
  return grows ? growth_exponent(keys, times) : not_measured;
}

std::string title_of(const DecodeRow& row) { return row.estimate == "on" ? row.way + " + estimate" : row.way; }

void write_legend(std::ostream& out, const DecodeRow& row) {
  out << "\n"
      << row.query_heads << " query heads on " << row.kv_heads << " KV heads, " << row.dim << " x " << row.dtype
      << ", k = " << row.k << ".\nus: one layer of one token, one thread; the layers in turn (" << row.layers_distinct
      << " distinct, the others copies at other addresses), ways interleaved;\nbefore the turn of each way twice "
         "the last-level cache ("
      << fixed(static_cast<double>(row.run.llc_bytes) / 1e6, 0)
      << " MB) is read from elsewhere. full: attention to every key. flat: one exact pass\nover the keys for all "
         "query heads of a KV head, values of the best k. keys read, KB: per layer and step. out err: |o - o'| / "
         "|o| against full.\nexponent: of the power of the keys by which us grows; build s: per distinct KV head.\n"
      << describe(row.run) << '\n';
}

}  // namespace

void compare_rows(std::vector<DecodeRow>& rows) {
  for (DecodeRow& row : rows) {
    row.times_faster_than_full = us_of(rows, row.source, "full") / row.us.p50;
    row.times_faster_than_flat = us_of(rows, row.source, "flat") / row.us.p50;
    row.growth_exponent = exponent_of(rows, row);
  }
}

Record to_record(const DecodeRow& row) {
  Record record = {
      {"source", row.source},
      {"keys", row.keys, show_fixed("keys", 0)},
      {"way", row.way, show_text("way")},
      {"estimate", row.estimate, show_text("estimate")},
      {"dim", row.dim},
      {"dtype", row.dtype},
      {"query_heads", row.query_heads},
      {"kv_heads", row.kv_heads},
      {"layers_distinct", row.layers_distinct},
      {"k", row.k},
      {"us_p50", row.us.p50, show_mean("us p50", 1, row.us.p50, row.us.p50_deviation)},
      {"us_p50_deviation", row.us.p50_deviation},
      {"us_p99", row.us.p99, show_fixed("us p99", 1)},
      {"timed", row.us.timed},
      {"repeats", row.us.repeats},
      {"times_faster_than_flat", row.times_faster_than_flat, show_fixed("x flat", 2)},
      {"times_faster_than_full", row.times_faster_than_full, show_fixed("x full", 2)},
      {"keys_share", row.keys_share, show_percent("keys read")},
      {"bytes", row.bytes, show_fixed("KB", 0, 1e-3)},
      {"output_error", row.output_error, show_fixed("out err", 4)},
      {"growth_exponent", row.growth_exponent, show_fixed("exponent", 2)},
      {"build_s", row.build_s, show_fixed("build s", 1)},
      {"resident_bytes", row.resident_bytes},
      {"layers", row.layers, show_fixed("layers", 0)},
      {"kinds", row.kinds, show_text("heads")},
  };
  return joined(std::move(record), to_record(row.run));
}

void write_decode(std::ostream& out, Format format, const std::vector<DecodeRow>& rows) {
  std::vector<Record> records;
  records.reserve(rows.size());
  for (const DecodeRow& row : rows) records.push_back(to_record(row));
  write_records(out, format, records);
  if (format == Format::markdown) write_legend(out, rows.front());
}

void plot_decode(const std::string& path, const std::vector<DecodeRow>& rows) {
  std::vector<GrowthLine> lines;
  for (const DecodeRow& row : rows) {
    auto line = std::ranges::find_if(lines, [&](const GrowthLine& l) { return l.name == title_of(row); });
    if (line == lines.end()) {
      const bool grows = !std::isnan(row.growth_exponent);
      lines.push_back({title_of(row), {}, grows ? fixed(row.growth_exponent, 2) : std::string()});
      line = std::prev(lines.end());
    }
    line->points.emplace_back(static_cast<double>(row.keys), row.us.p50);
  }
  for (GrowthLine& line : lines) std::sort(line.points.begin(), line.points.end());
  std::ofstream out(path);
  out << draw_growth(lines, "Decode time of one layer, cold caches, " + rows.front().run.cpu, "grows as keys to the");
  out.close();
  if (!out) fail(ErrorCode::io, "--plot ", path, " cannot be written");
}

}  // namespace rattan::bench
