#include "bench/report/html_report.h"

#include <algorithm>
#include <ostream>

#include "bench/report/html_charts.h"
#include "bench/report/summary.h"
#include "bench/report/svg.h"
#include "bench/report/sweep_records.h"
#include "bench/report/sweep_table.h"
#include "bench/report/table.h"

namespace rattan::bench {
namespace {

constexpr const char* style = R"(
body { font: 14px/1.45 system-ui, sans-serif; color: #1f2328; background: #fff; max-width: 1240px; margin: 24px auto; padding: 0 16px; }
h1 { font-size: 22px; } h2 { font-size: 17px; margin-top: 32px; } h3 { font-size: 15px; margin: 24px 0 6px; }
p, figcaption { max-width: 820px; } figure { margin: 0 0 12px; } figcaption { color: #57606a; }
svg { max-width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: #1f2328; }
svg text.bright { fill: #fff; } svg text.dark { fill: #1f2328; }
.grid { stroke: #d8dee4; stroke-width: 1; } .frame { fill: none; stroke: #afb8c1; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 12px; }
th, td { padding: 3px 8px; border-bottom: 1px solid #d8dee4; text-align: right; white-space: nowrap; }
th { border-bottom: 2px solid #afb8c1; } td.text, th.text { text-align: left; } pre { white-space: pre-wrap; }
)";

struct Stroke {
  std::string_view family;
  const char* colour;
};
constexpr Stroke strokes[] = {{"flat", "#6e7781"}, {"ivf", "#d55e00"}, {"hnsw", "#0072b2"}, {"graph", "#00845b"}};

struct Dash {
  std::string_view member;
  const char* pattern;
};
constexpr Dash dashes[] = {
    {"group", "6 3"}, {"group-start", "10 2"}, {"nostart", "8 3"}, {"single", "2 3"}, {"single-nostart", "8 3 2 3"}};

void write_table(std::ostream& out, const std::vector<Record>& records) {
  if (records.empty()) return;
  const Table table = make_table(records.front(), records);
  const auto write_line = [&](const char* element, const auto& text_of) {
    out << "<tr>";
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      out << '<' << element << (table.columns[c].right ? ">" : " class=\"text\">") << escape_markup(text_of(c)) << "</"
          << element << '>';
    }
    out << "</tr>";
  };
  out << "<div class=\"scroll\"><table><thead>";
  write_line("th", [&](std::size_t c) { return table.columns[c].title; });
  out << "</thead><tbody>\n";
  for (const auto& cells : table.lines) {
    write_line("td", [&](std::size_t c) { return cells[c]; });
    out << '\n';
  }
  out << "</tbody></table></div>\n";
}

void write_rows(std::ostream& out, std::span<const SweepRow> rows, const char* scope) {
  std::vector<Record> records;
  for (const SweepRow& row : rows) {
    if (row.scope == scope) records.push_back(to_record(row));
  }
  write_table(out, records);
}

void write_figure(std::ostream& out, const char* title, const char* caption, const std::string& svg) {
  if (svg.empty()) return;
  out << "<h3>" << title << "</h3>\n<figure>" << svg << "<figcaption>" << caption << "</figcaption></figure>\n";
}

template <typename T>
std::vector<T> of_source(const std::vector<T>& items, const std::string& source) {
  std::vector<T> own;
  std::copy_if(items.begin(), items.end(), std::back_inserter(own), [&](const T& i) { return i.source == source; });
  return own;
}

void write_source(std::ostream& out, const ReportData& data, const std::string& source) {
  const std::vector<SweepRow> rows = of_source(data.rows, source);
  const std::vector<OodHead> ood = of_source(data.ood, source);
  out << "<h2>" << escape_markup(source) << "</h2>\n<p>" << escape_markup(describe_setting_of(rows.front()))
      << "</p>\n";
  for (const std::vector<Record>& table : summary_tables(rows, source)) write_table(out, table);
  write_figure(out, "Recall against keys read",
               "Thick: geometric mean of the scans over the KV heads, as far as all reach; thin: single KV heads. "
               "Every setting that the "
               "sweep tried is behind these lines.",
               draw_curves(rows, of_source(data.points, source)));
  write_figure(out, "Keys read per KV head", "At the recall target nearest to 0.95. Hover for recall and setting.",
               draw_heatmap(rows));
  write_figure(out, "How far queries lie from the keys",
               "Held-out decode queries of all query heads against the prefill's keys.", draw_distances(ood));
  write_figure(out, "Queries and keys in the plane of their two strongest principal directions",
               "A sample of each; both directions of a panel have one scale.", draw_planes(ood));
  out << "<h3>All KV heads</h3>\n";
  write_rows(out, rows, "all");
  out << "<details><summary>Every KV head</summary>\n";
  write_rows(out, rows, "head");
  out << "</details>\n";
}

}  // namespace

std::string variant_colour(std::string_view index) {
  for (const Stroke& stroke : strokes) {
    if (index.substr(0, index.find(':')) == stroke.family) return stroke.colour;
  }
  return "#8250df";
}

std::string variant_stroke(std::string_view index) {
  std::string attributes = "stroke=\"" + variant_colour(index) + "\"";
  const std::size_t colon = index.find(':');
  if (colon == std::string_view::npos) return attributes;
  for (const Dash& dash : dashes) {
    if (index.substr(colon + 1) == dash.member) {
      attributes += " stroke-dasharray=\"" + std::string(dash.pattern) + "\"";
    }
  }
  return attributes;
}

void write_html(std::ostream& out, const ReportData& data) {
  out << "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
         "<meta name=\"viewport\" content=\"width=device-width\">\n<title>Rattan: recall against keys read</title>\n"
      << "<style>" << style << "</style></head><body>\n<h1>Recall against keys read</h1>\n";
  if (!data.command.empty()) out << "<pre>" << escape_markup(data.command) << "</pre>\n";
  for (const std::string& source : sources_of(data.rows)) write_source(out, data, source);
  for (const std::string& note : data.notes) out << "<p>" << escape_markup(note) << "</p>\n";
  out << "</body></html>\n";
}

}  // namespace rattan::bench
