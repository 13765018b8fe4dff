// Rows, curve points and OOD figures as JSON and back. A jsonl file holds one object a line; its member "record" says
// which: "row", "point", "ood" or "note".
#pragma once

#include <iosfwd>
#include <string>

#include "bench/measure/report_data.h"
#include "bench/report/writers.h"

namespace rattan::bench {

// NaN becomes null, build_stages an object.
Json to_json(const Row& row);
Json to_json(const CurvePoint& point);
Json to_json(const OodHead& head);

void write_json(std::ostream& out, const ReportData& data);  // one object: command, notes, rows, points, ood
void write_jsonl(std::ostream& out, const ReportData& data);

// Reads what write_jsonl wrote; unknown members and records are skipped, missing ones keep their defaults. Throws
// Error(corrupt) naming `name`, the line and what is wrong with it.
ReportData read_jsonl(std::istream& in, const std::string& name);

}  // namespace rattan::bench
