#include "bench/report/writers.h"

#include <ostream>

#include "bench/inputs/text.h"
#include "bench/inputs/usage_error.h"
#include "bench/report/json_text.h"
#include "bench/report/table.h"
#include "core/check.h"

namespace rattan::bench {
namespace {

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quotes = "\"";
  for (const char c : text) quotes += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quotes + '"';
}

}  // namespace

Format parse_format(const std::string& name) {
  if (name == "md") return Format::markdown;
  if (name == "csv") return Format::csv;
  if (name == "json") return Format::json;
  if (name == "jsonl") return Format::jsonl;
  throw UsageError("--format is \"" + name + "\", allowed are md, csv, json, jsonl");
}

void write_csv(std::ostream& out, const std::vector<Record>& records) {
  if (records.empty()) return;
  std::vector<std::string> names;
  for (const Field& field : records.front()) names.push_back(quoted(field.name));
  out << join(names, ",") << '\n';
  for (const Record& record : records) {
    const char* separator = "";
    for (const Field& column : records.front()) {
      const Field* field = find_field(record, column.name);
      out << separator << (field == nullptr ? std::string() : quoted(plain_text(field->value)));
      separator = ",";
    }
    out << '\n';
  }
}

void write_records(std::ostream& out, Format format, const std::vector<Record>& records) {
  switch (format) {
    case Format::markdown: write_markdown(out, records); break;
    case Format::csv: write_csv(out, records); break;
    case Format::json: {
      Json array = Json::array();
      for (const Record& record : records) array.push_back(to_json(record));
      out << to_indented_text(array) << '\n';
      break;
    }
    case Format::jsonl:
      for (const Record& record : records) out << to_text(to_json(record)) << '\n';
      break;
  }
}

void RecordStream::add(Record record) {
  if (format_ != Format::jsonl) return kept_.push_back(std::move(record));
  write_records(out_, format_, {std::move(record)});
  out_.flush();
  if (!out_) fail(ErrorCode::io, "writing rows failed");
}

void RecordStream::finish() {
  if (format_ != Format::jsonl) write_records(out_, format_, kept_);
}

}  // namespace rattan::bench
