#include "bench/report/html_report.h"

#include <algorithm>
#include <ostream>

#include "bench/inputs/text.h"
#include "bench/report/html_charts.h"
#include "bench/report/html_style.h"
#include "bench/report/summary.h"
#include "bench/report/svg.h"
#include "bench/report/sweep_records.h"
#include "bench/report/sweep_table.h"
#include "bench/report/table.h"

namespace rattan::bench {
namespace {

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

// Columns that a narrow page leaves to the folded table.
constexpr std::string_view dispensable[] = {"worst", "build s", "index MB", "setting"};

std::string class_of(const Table::Column& column, bool may_hide) {
  std::vector<std::string> classes;
  if (!column.right) classes.emplace_back("text");
  if (may_hide && std::ranges::count(dispensable, column.title) != 0) classes.emplace_back("dispensable");
  return classes.empty() ? "" : " class=\"" + join(classes, " ") + "\"";
}

// For a page, whose characters are known.
std::string with_signs(std::string text) {
  const std::size_t at = text.find(" +- ");
  return at == std::string::npos ? text : text.replace(at, 4, " \u00b1 ");
}

bool shown_in(const std::vector<std::string>& titles, const Table::Column& column) {
  return titles.empty() || std::find(titles.begin(), titles.end(), column.title) != titles.end();
}

// `titles`: the columns to show; all where there are none.
void write_table(std::ostream& out, const std::vector<Record>& records, const std::vector<std::string>& titles = {}) {
  if (records.empty()) return;
  const Table table = make_table(records.front(), records);
  const auto write_line = [&](const char* element, const auto& text_of) {
    out << "<tr>";
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      if (!shown_in(titles, table.columns[c])) continue;
      out << '<' << element << class_of(table.columns[c], !titles.empty()) << '>'
          << escape_markup(with_signs(text_of(c))) << "</" << element << '>';
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

template <typename Wanted>
std::vector<Record> records_of(std::span<const SweepRow> rows, const Wanted& wanted) {
  std::vector<Record> records;
  for (const SweepRow& row : rows) {
    if (wanted(row)) records.push_back(to_record(row));
  }
  return records;
}

// The rows worth reading, then what is folded: rows of low recall, every column, every KV head.
void write_rows(std::ostream& out, std::span<const SweepRow> rows) {
  static const std::vector<std::string> few = {"index", "target", "recall",  "worst",    "scan",
                                               "KB/q",  "us p50", "build s", "index MB", "setting"};
  const auto fold = [&](const std::string& title, const std::vector<Record>& records,
                        const std::vector<std::string>& titles = {}) {
    if (records.empty()) return;
    out << "<details><summary>" << title << "</summary>\n";
    write_table(out, records, titles);
    out << "</details>\n";
  };
  const auto of_all = [](const SweepRow& row) { return row.scope == "all"; };
  const bool one_head = rows.back().heads_total == 1;
  const auto low = [](const SweepRow& row) { return row.recall < least_recall_shown; };
  const auto summed = [&](const SweepRow& row) { return one_head ? row.scope == "head" : of_all(row); };
  write_table(out, records_of(rows, [&](const SweepRow& row) { return summed(row) && !low(row); }), few);
  fold("Recall below 0.8", records_of(rows, [&](const SweepRow& row) { return summed(row) && low(row); }), few);
  fold("Every column", records_of(rows, summed));
  if (!one_head) fold("Every KV head", records_of(rows, [&](const SweepRow& row) { return !of_all(row); }));
}

// What an index costs before its first answer, over the KV heads.
std::vector<Record> build_records(std::span<const SweepRow> rows) {
  std::vector<Record> records;
  for (const SweepRow& row : rows) {
    if (row.scope != "all" || row.target != rows.front().target) continue;
    std::vector<std::string> stages;
    for (const auto& [stage, seconds] : row.build_stages) stages.push_back(stage + " " + fixed(seconds, 1));
    records.push_back({{"index", row.index, show_text("index")},
                       {"build_s", row.build_s, show_fixed("build s a KV head", 1)},
                       {"index_bytes", row.index_bytes, show_fixed("index MB", 2, 1e-6)},
                       {"index_share", row.index_share, show_percent("of the keys' f16 bytes")},
                       {"stages", join(stages, ", "), show_text("stages, s")}});
  }
  return records;
}

// How a drawing meets a narrow page: it shrinks, with larger words, or it scrolls.
constexpr std::string_view shrinks = "<div class=\"spread\">";
constexpr std::string_view scrolls = "<div class=\"scroll wide\">";

std::string figure(const std::string& title, const std::string& caption, const std::string& svg,
                   std::string_view frame = "<div>") {
  if (svg.empty()) return {};
  return "<figure><h3>" + title + "</h3>\n" + std::string(frame) + svg + "</div><figcaption>" + caption +
         "</figcaption></figure>\n";
}

template <typename T>
std::vector<T> of_source(const std::vector<T>& items, const std::string& source) {
  std::vector<T> own;
  std::copy_if(items.begin(), items.end(), std::back_inserter(own), [&](const T& i) { return i.source == source; });
  return own;
}

void write_charts(std::ostream& out, std::span<const SweepRow> rows, std::span<const CurvePoint> points) {
  const std::string charts =
      figure("Queries per second against recall",
             "The timed rows; up and to the right is better. A query is that of one query head.", draw_speed(rows)) +
      figure("Recall against bytes read", "Keys, codes, centroids and edges. To the left is better.",
             draw_curves(rows, points, Reading::bytes)) +
      figure("Recall against keys read",
             "Keys read in full, codes left aside; flat reads all. Every setting that the sweep tried is behind these "
             "lines.",
             draw_curves(rows, points));
  if (charts.empty()) return;
  out << draw_legend(rows) << "<div class=\"charts\">" << charts
      << "</div>\n<p class=\"small\">Recall below 0.8 is not drawn. Of several KV heads the thick line is the "
         "geometric "
         "mean, as far as all reach, thin lines are single KV heads.</p>\n";
}

void write_source(std::ostream& out, const ReportData& data, const std::string& source) {
  const std::vector<SweepRow> rows = of_source(data.rows, source);
  const std::vector<OodHead> ood = of_source(data.ood, source);
  out << "<h2>" << escape_markup(source) << "</h2>\n<p>" << escape_markup(describe_setting_of(rows.front()))
      << "</p>\n";
  for (const std::vector<Record>& table : summary_tables(rows, source)) write_table(out, table);
  write_charts(out, rows, of_source(data.points, source));
  out << "<h3>What each target takes</h3>\n";
  write_rows(out, rows);
  out << "<h3>Build time and memory</h3>\n";
  write_table(out, build_records(rows));
  if (rows.back().heads_total > 1) {
    out << figure("Keys read per KV head", "At the recall target nearest to 0.95. Hover for recall and setting.",
                  draw_heatmap(rows), scrolls);
  }
  out << figure("How far queries lie from the keys",
                "Held-out decode queries of all query heads against the prefill's keys; bars: median, 25 to 75 %, 5 to "
                "95 % of the rows. " +
                    explain_distances(ood),
                draw_distances(ood), shrinks)
      << figure("Queries and keys in the plane of their two strongest principal directions",
                "A sample of each; both directions of a panel have one scale.", draw_planes(ood), scrolls);
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
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Rattan: speed and reading "
         "at a recall</title>\n"
      << "<style>" << page_style << "</style></head><body>\n<h1>Rattan: what a recall costs</h1>\n";
  if (!data.command.empty()) out << "<pre>" << escape_markup(data.command) << "</pre>\n";
  for (const std::string& source : sources_of(data.rows)) write_source(out, data, source);
  for (const std::string& note : data.notes) out << "<p>" << escape_markup(note) << "</p>\n";
  out << "</body></html>\n";
}

}  // namespace rattan::bench
