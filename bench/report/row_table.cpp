#include "bench/report/row_table.h"

#include <algorithm>
#include <ostream>

#include "bench/inputs/text.h"
#include "bench/report/report_json.h"
#include "bench/report/summary.h"

namespace rattan::bench {
namespace {

Column whose_column(const char* title, const char* member) {
  return {title, true,
          [member](const Json& record) { return record.at(member).is_null() ? "all" : to_text(record.at(member)); }};
}

Column recall_column() {
  return {"recall", true, [](const Json& record) {
            return fixed(record.at("recall").get<double>(), 3) + (record.at("reached").get<bool>() ? " " : "*");
          }};
}

// The mean over KV heads hides little when the geometric mean stands beside it.
Column scan_column() {
  return {"scan", true, [](const Json& record) {
            const Json& geomean = record.at("scan_geomean");
            return percent((geomean.is_number() ? geomean : record.at("scan_fraction")).get<double>());
          }};
}

void write_heading(std::ostream& out, const Row& row) {
  out << "### " << row.source << "\n\n"
      << row.keys << " keys of " << row.dim << " x " << row.dtype << ", " << row.heads
      << " query heads per KV head, k = " << row.k << ", " << row.queries
      << " decode steps, window left out: " << row.window << ".\n"
      << "CPU " << row.cpu << ", kernels " << row.isa << ", BLAS " << row.blas << ", " << row.threads
      << " threads (searches are timed on one), commit " << row.commit << ", seed " << row.seed << ".\n\n";
}

void write_footnotes(std::ostream& out, std::span<const Row> rows) {
  out << "recall: * target not reached by widths up to where a search reads half of the keys, the best of them; worst: "
         "of "
         "the query heads\n(head rows) or KV heads (all rows).\n"
         "scan: keys read per query head / keys, in all rows the geometric mean; scan/step: keys read for all query "
         "heads of the KV head / keys\n(where heads search apart, a key that two of them read counts twice).\n";
  const auto timed = std::find_if(rows.begin(), rows.end(), [](const Row& row) { return row.latency_steps > 0; });
  if (timed != rows.end()) {
    out << "us: one step of all query heads of a KV head, one thread, " << timed->latency_steps
        << " steps; before a KV head is asked again " << fixed(timed->cycle_mb, 0)
        << " MB are read elsewhere (last-level cache " << fixed(static_cast<double>(timed->llc_bytes) / 1e6, 0)
        << " MB), so caches are cold.\n";
  }
}

}  // namespace

std::vector<Column> row_columns() {
  return {text_column("index", "index"),
          whose_column("layer", "layer"),
          whose_column("kv", "kv_head"),
          fixed_column("target", "target", 2),
          recall_column(),
          fixed_column("worst", "recall_worst_head", 3),
          scan_column(),
          percent_column("scan/step", "scan_group"),
          fixed_column("keys/q", "keys_per_query", 0),
          fixed_column("codes/q", "codes_per_query", 0),
          fixed_column("KB/q", "bytes_per_query", 1, 1e-3),
          fixed_column("mass", "mass", 3),
          fixed_column("out err", "output_error", 4),
          fixed_column("us p50", "us_p50", 0),
          fixed_column("us p99", "us_p99", 0),
          fixed_column("build s", "build_s", 1),
          fixed_column("index MB", "index_bytes", 2, 1e-6),
          text_column("setting", "setting")};
}

void write_report_markdown(std::ostream& out, const ReportData& data) {
  for (const std::string& source : sources_of(data.rows)) {
    std::vector<Json> records;
    const Row* first = nullptr;
    for (const Row& row : data.rows) {
      if (row.source != source || (row.scope == "all" && row.heads_total == 1)) continue;
      if (first == nullptr) write_heading(out, *(first = &row));
      records.push_back(to_json(row));
    }
    write_markdown(out, row_columns(), records);
    out << '\n';
  }
  write_footnotes(out, data.rows);
  for (const SummaryTable& table : summary_tables(data.rows)) {
    out << '\n';
    write_markdown(out, table.columns, table.records);
  }
  for (const std::string& note : data.notes) out << '\n' << note << '\n';
}

void write_report(std::ostream& out, Format format, const ReportData& data) {
  switch (format) {
    case Format::markdown: write_report_markdown(out, data); break;
    case Format::json: write_json(out, data); break;
    case Format::jsonl: write_jsonl(out, data); break;
    case Format::csv: {
      std::vector<Json> records;
      for (const Row& row : data.rows) records.push_back(to_json(row));
      write_csv(out, records);
      break;
    }
  }
}

}  // namespace rattan::bench
