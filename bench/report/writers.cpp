#include "bench/report/writers.h"

#include <algorithm>
#include <ostream>

#include "bench/inputs/text.h"
#include "bench/inputs/usage_error.h"

namespace rattan::bench {
namespace {

// Characters, not bytes: continuation bytes of UTF-8 take no place.
std::size_t display_width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

std::string padded(const std::string& text, std::size_t width, bool right) {
  const std::string space(width - std::min(width, display_width(text)), ' ');
  return right ? space + text : text + space;
}

std::string markdown_cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return text;
}

void write_line(std::ostream& out, const std::vector<Column>& columns, const std::vector<std::string>& cells,
                const std::vector<std::size_t>& widths) {
  for (std::size_t c = 0; c < columns.size(); ++c) out << "| " << padded(cells[c], widths[c], columns[c].right) << ' ';
  out << "|\n";
}

std::string csv_text(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_structured()) return value.dump();
  std::vector<std::string> parts;
  for (const auto& [name, member] : value.items()) {
    parts.push_back((value.is_object() ? name + "=" : std::string()) + csv_text(member));
  }
  return join(parts, ";");
}

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

const Json& member_of(const Json& record, const std::string& member) {
  static const Json none;
  const auto found = record.find(member);
  return found == record.end() ? none : *found;
}

}  // namespace

std::string to_text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string to_indented_text(const Json& json) { return json.dump(1, ' ', false, Json::error_handler_t::replace); }

Format parse_format(const std::string& name) {
  if (name == "md") return Format::markdown;
  if (name == "csv") return Format::csv;
  if (name == "json") return Format::json;
  if (name == "jsonl") return Format::jsonl;
  throw UsageError("--output is \"" + name + "\", allowed are md, csv, json, jsonl");
}

void write_markdown(std::ostream& out, const std::vector<Column>& columns, const std::vector<Json>& records) {
  std::vector<std::vector<std::string>> lines(1);
  for (const Column& column : columns) lines.front().push_back(column.title);
  for (const Json& record : records) {
    lines.emplace_back();
    for (const Column& column : columns) lines.back().push_back(markdown_cell(column.cell(record)));
  }
  std::vector<std::size_t> widths(columns.size(), 3);
  for (const auto& cells : lines) {
    for (std::size_t c = 0; c < cells.size(); ++c) widths[c] = std::max(widths[c], display_width(cells[c]));
  }
  write_line(out, columns, lines.front(), widths);
  for (std::size_t c = 0; c < columns.size(); ++c) {
    out << (columns[c].right ? "|-" : "|:") << std::string(widths[c], '-') << (columns[c].right ? ":" : "-");
  }
  out << "|\n";
  for (std::size_t line = 1; line < lines.size(); ++line) write_line(out, columns, lines[line], widths);
}

void write_csv(std::ostream& out, const std::vector<Json>& records) {
  if (records.empty()) return;
  std::vector<std::string> names;
  for (const auto& [name, value] : records.front().items()) names.push_back(name);
  std::vector<std::string> cells;
  for (const std::string& name : names) cells.push_back(csv_cell(name));
  out << join(cells, ",") << '\n';
  for (const Json& record : records) {
    std::string separator;
    for (const std::string& name : names) {
      out << separator << csv_cell(csv_text(member_of(record, name)));
      separator = ",";
    }
    out << '\n';
  }
}

void write_records(std::ostream& out, Format format, const std::vector<Column>& columns,
                   const std::vector<Json>& records) {
  switch (format) {
    case Format::markdown: write_markdown(out, columns, records); break;
    case Format::csv: write_csv(out, records); break;
    case Format::json: out << to_indented_text(Json(records)) << '\n'; break;
    case Format::jsonl:
      for (const Json& record : records) out << to_text(record) << '\n';
      break;
  }
}

Column text_column(std::string title, std::string member) {
  return {std::move(title), false, [member = std::move(member)](const Json& record) {
            const Json& value = member_of(record, member);
            return value.is_null() ? std::string("-") : csv_text(value);
          }};
}

Column fixed_column(std::string title, std::string member, int digits, double factor) {
  return {std::move(title), true, [member = std::move(member), digits, factor](const Json& record) {
            const Json& value = member_of(record, member);
            return value.is_number() ? fixed(factor * value.get<double>(), digits) : std::string("-");
          }};
}

Column percent_column(std::string title, std::string member) {
  return {std::move(title), true, [member = std::move(member)](const Json& record) {
            const Json& value = member_of(record, member);
            return value.is_number() ? percent(value.get<double>()) : std::string("-");
          }};
}

}  // namespace rattan::bench
