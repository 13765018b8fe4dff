#include "bench/report/table.h"

#include <algorithm>
#include <ostream>

#include "bench/inputs/text.h"
#include "bench/report/json_text.h"

namespace rattan::bench {
namespace {

bool shown(const Field& field) { return field.show.form != Show::Form::nowhere; }

std::string number_cell(const Value& value, const Show& show) {
  const std::optional<double> number = value.number();
  if (!number) return "-";
  return show.form == Show::Form::percent ? percent(*number) : fixed(show.factor * *number, show.digits);
}

std::string cell_of(const Field* field) {
  if (field == nullptr) return "-";
  switch (field->show.form) {
    case Show::Form::text: return field->value.measured() ? plain_text(field->value) : "-";
    case Show::Form::given: return field->show.given;
    case Show::Form::fixed:
    case Show::Form::percent:
    case Show::Form::nowhere: break;
  }
  return number_cell(field->value, field->show);
}

// Characters, not bytes: continuation bytes of UTF-8 take no place.
std::size_t display_width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

std::string padded(const std::string& text, std::size_t width, bool right) {
  const std::string space(width - std::min(width, display_width(text)), ' ');
  return right ? space + text : text + space;
}

std::string escaped(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, 1, '\\');
  return text;
}

void write_line(std::ostream& out, const Table& table, const std::vector<std::string>& cells,
                const std::vector<std::size_t>& widths) {
  for (std::size_t c = 0; c < cells.size(); ++c) {
    out << "| " << padded(cells[c], widths[c], table.columns[c].right) << ' ';
  }
  out << "|\n";
}

}  // namespace

Table make_table(const Record& like, const std::vector<Record>& records) {
  Table table;
  for (const Field& field : like) {
    const bool text = !field.show.numbers &&
                      (field.show.form == Show::Form::text || std::holds_alternative<std::string>(field.value.any()));
    if (shown(field)) table.columns.push_back({field.show.title, !text});
  }
  for (const Record& record : records) {
    table.lines.emplace_back();
    for (const Field& column : like) {
      if (shown(column)) table.lines.back().push_back(cell_of(find_field(record, column.name)));
    }
  }
  return table;
}

void write_markdown(std::ostream& out, const Record& like, const std::vector<Record>& records) {
  Table table = make_table(like, records);
  std::vector<std::string> titles;
  std::vector<std::size_t> widths;
  for (const Table::Column& column : table.columns) {
    titles.push_back(escaped(column.title));
    widths.push_back(std::max<std::size_t>(3, display_width(titles.back())));
  }
  for (auto& cells : table.lines) {
    for (std::size_t c = 0; c < cells.size(); ++c) {
      cells[c] = escaped(std::move(cells[c]));
      widths[c] = std::max(widths[c], display_width(cells[c]));
    }
  }
  write_line(out, table, titles, widths);
  for (std::size_t c = 0; c < widths.size(); ++c) {
    const bool right = table.columns[c].right;
    out << (right ? "|-" : "|:") << std::string(widths[c], '-') << (right ? ":" : "-");
  }
  out << "|\n";
  for (const auto& cells : table.lines) write_line(out, table, cells, widths);
}

void write_markdown(std::ostream& out, const std::vector<Record>& records) {
  if (!records.empty()) write_markdown(out, records.front(), records);
}

}  // namespace rattan::bench
