// Records of any command as CSV, JSON or JSON lines for programs, or as a Markdown table.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "bench/report/record.h"

namespace rattan::bench {

enum class Format : std::uint8_t { markdown, csv, json, jsonl };

// "md", "csv", "json", "jsonl"; throws UsageError for anything else.
Format parse_format(const std::string& name);

// RFC 4180: plain_text() quoted where needed, one header line with the fields of the first record.
void write_csv(std::ostream& out, const std::vector<Record>& records);

// Markdown shows the columns that fields name; the other formats carry every field.
void write_records(std::ostream& out, Format format, const std::vector<Record>& records);

// Records as they are measured: JSON lines stand in the output at once, all else at the end.
class RecordStream {
 public:
  RecordStream(std::ostream& out, Format format) : out_(out), format_(format) {}

  void add(Record record);  // throws Error(io)
  void finish();            // writes what is not written

  Format format() const noexcept { return format_; }

 private:
  std::ostream& out_;
  Format format_;
  std::vector<Record> kept_;
};

}  // namespace rattan::bench
