// Records of any command to stdout: a Markdown table for people, CSV, JSON or JSON lines for programs.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace rattan::bench {

using Json = nlohmann::ordered_json;

enum class Format : std::uint8_t { markdown, csv, json, jsonl };

// JSON text in one line, or indented. Bytes that are no UTF-8 (paths may hold any) are replaced, never an error.
std::string to_text(const Json& json);
std::string to_indented_text(const Json& json);

// "md", "csv", "json", "jsonl"; throws UsageError for anything else.
Format parse_format(const std::string& name);

// A column of a Markdown table: what it shows of a record.
struct Column {
  std::string title;
  bool right;  // aligned: numbers
  std::function<std::string(const Json& record)> cell;
};

// Columns padded to equal width, so that the table reads in a terminal too.
void write_markdown(std::ostream& out, const std::vector<Column>& columns, const std::vector<Json>& records);

// RFC 4180: quoted where needed, one header line with the members of the first record; null is empty, an object is
// "name=value;name=value".
void write_csv(std::ostream& out, const std::vector<Json>& records);

// `columns` for Markdown; the other formats carry every member.
void write_records(std::ostream& out, Format format, const std::vector<Column>& columns,
                   const std::vector<Json>& records);

// Cells of the common kinds; "-" for null or a missing member.
Column text_column(std::string title, std::string member);
Column fixed_column(std::string title, std::string member, int digits, double factor = 1);
Column percent_column(std::string title, std::string member);

}  // namespace rattan::bench
