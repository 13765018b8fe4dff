#include "bench/report/sweep_table.h"

#include <algorithm>
#include <ostream>

#include "bench/inputs/text.h"
#include "bench/report/run_fields.h"
#include "bench/report/summary.h"
#include "bench/report/sweep_records.h"
#include "bench/report/table.h"
#include "core/check.h"

namespace rattan::bench {
namespace {

void write_footnotes(std::ostream& out, std::span<const SweepRow> rows) {
  out << "recall: * target not reached by widths up to where a search reads half of the keys, the best of them; worst: "
         "of the query heads\n(head rows) or KV heads (all rows).\n"
         "scan: keys read in full per query head / keys, in all rows the geometric mean. A key read once for all heads "
         "of a KV head is divided by\nthem, but for flat, which reads all: 100 %. scan/step: keys read for all query "
         "heads of the KV head / keys\n(where heads search apart, a key that two of them read counts twice). KB/q and "
         "bytes count keys, codes, centroids and edges.\n";
  const auto timed = std::find_if(rows.begin(), rows.end(), [](const SweepRow& row) { return row.latency_steps > 0; });
  if (timed != rows.end()) {
    out << "us: one step of all query heads of a KV head, one thread, " << timed->latency_steps
        << " steps; before a KV head is asked again " << fixed(timed->cycle_mb, 0)
        << " MB are read elsewhere (last-level cache " << fixed(static_cast<double>(timed->run.llc_bytes) / 1e6, 0)
        << " MB), so caches are cold.\n";
  }
}

}  // namespace

std::string describe_setting_of(const SweepRow& row) {
  return message(row.keys, " keys of ", row.dim, " x ", row.dtype, ", ", row.heads,
                 " query heads per KV head, k = ", row.k, ", ", row.queries,
                 " decode steps, window left out: ", row.window, ".\n", describe(row.run));
}

void write_report_markdown(std::ostream& out, const ReportData& data) {
  for (const std::string& source : sources_of(data.rows)) {
    std::vector<Record> records;
    for (const SweepRow& row : data.rows) {
      if (row.source != source || (row.scope == "all" && row.heads_total == 1)) continue;
      if (records.empty()) out << "### " << source << "\n\n" << describe_setting_of(row) << "\n\n";
      records.push_back(to_record(row));
    }
    for (const std::vector<Record>& table : summary_tables(data.rows, source)) {
      write_markdown(out, table);
      out << '\n';
    }
    write_markdown(out, records);
    out << '\n';
  }
  write_footnotes(out, data.rows);
  for (const std::string& note : data.notes) out << '\n' << note << '\n';
}

void write_report(std::ostream& out, Format format, const ReportData& data) {
  switch (format) {
    case Format::markdown: write_report_markdown(out, data); break;
    case Format::json: write_json(out, data); break;
    case Format::jsonl: write_jsonl(out, data); break;
    case Format::csv: {
      std::vector<Record> records;
      for (const SweepRow& row : data.rows) records.push_back(to_record(row));
      write_csv(out, records);
      break;
    }
  }
}

}  // namespace rattan::bench
