// Result rows as a Markdown table: the telling columns, a heading per source, footnotes that say how to read it.
#pragma once

#include <iosfwd>

#include "bench/measure/report_data.h"
#include "bench/report/writers.h"

namespace rattan::bench {

// Columns over to_json(Row) records.
std::vector<Column> row_columns();

// Headings, tables, summary and notes.
void write_report_markdown(std::ostream& out, const ReportData& data);

// CSV of the rows, or everything as JSON or JSON lines.
void write_report(std::ostream& out, Format format, const ReportData& data);

}  // namespace rattan::bench
