// What a sweep found as text: a heading and a Markdown table per source, the summary, and footnotes that say how to
// read them.
#pragma once

#include <iosfwd>
#include <string>

#include "bench/measure/report_data.h"
#include "bench/report/writers.h"

namespace rattan::bench {

// What rows of one source share: "1000 keys of 128 x bf16, ... CPU ..., seed 1."
std::string describe_setting_of(const SweepRow& row);

// Headings, tables, summary and notes.
void write_report_markdown(std::ostream& out, const ReportData& data);

// CSV of the rows, or everything as JSON or JSON lines.
void write_report(std::ostream& out, Format format, const ReportData& data);

}  // namespace rattan::bench
