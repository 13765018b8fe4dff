// What a sweep found as records, as JSON, and back from JSON lines. A line holds one object; its member "record" says
// which: "command", "row", "point", "ood" or "note".
#pragma once

#include <iosfwd>
#include <string>

#include "bench/measure/report_data.h"
#include "bench/report/record.h"

namespace rattan::bench {

Record to_record(const SweepRow& row);
Record to_record(const CurvePoint& point);
Record to_record(const OodHead& head);

void write_json(std::ostream& out, const ReportData& data);  // one object: command, notes, rows, points, ood
void write_jsonl(std::ostream& out, const ReportData& data);

// The same in pieces: lines of what is there, as it is measured, and at the end the rows over all heads and the notes.
void write_jsonl_parts(std::ostream& out, const ReportData& part);
void write_jsonl_end(std::ostream& out, const ReportData& data);

// Reads what write_jsonl wrote; unknown members and records are skipped, missing ones keep their defaults. Of rows and
// points of the same index, head and target or setting the last counts: a resumed run may measure one again. Throws
// Error(corrupt) naming `name`, the line and what is wrong with it.
ReportData read_jsonl(std::istream& in, const std::string& name);

// The same without the rows over all heads and without notes; there may be no row.
ReportData read_measured(std::istream& in, const std::string& name);

}  // namespace rattan::bench
