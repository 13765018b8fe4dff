#include "bench/report/report_json.h"

#include <cmath>
#include <istream>
#include <ostream>

#include "core/check.h"

namespace rattan::bench {
namespace {

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json value_of(const Row& row, const std::string Row::*member) { return row.*member; }
Json value_of(const Row& row, const std::uint64_t Row::*member) { return row.*member; }
Json value_of(const Row& row, const bool Row::*member) { return row.*member; }
Json value_of(const Row& row, const double Row::*member) { return number(row.*member); }
Json value_of(const Row& row, const std::optional<std::int64_t> Row::*member) {
  return row.*member ? Json(*(row.*member)) : Json(nullptr);
}
Json value_of(const Row& row, const NamedNumbers Row::*member) {
  Json object = Json::object();
  for (const auto& [name, value] : row.*member) object[name] = number(value);
  return object;
}

void read_value(const Json& json, double& value) { value = json.is_null() ? not_measured : json.get<double>(); }
void read_value(const Json& json, std::optional<std::int64_t>& value) {
  value = json.is_null() ? std::nullopt : std::optional(json.get<std::int64_t>());
}
void read_value(const Json& json, NamedNumbers& value) {
  value.clear();
  for (const auto& [name, number_json] : json.items()) {
    double seconds = 0;
    read_value(number_json, seconds);
    value.emplace_back(name, seconds);
  }
}
template <typename T>
void read_value(const Json& json, T& value) {
  value = json.get<T>();
}

template <typename T>
void read_member(const Json& json, const char* name, T& value) {
  const auto found = json.find(name);
  if (found != json.end()) read_value(*found, value);
}

Row read_row(const Json& json) {
  Row row;
  for (const Field& field : row_fields()) {
    std::visit([&](auto member) { read_member(json, field.name, row.*member); }, field.member);
  }
  return row;
}

CurvePoint read_point(const Json& json) {
  CurvePoint point;
  read_member(json, "source", point.source);
  read_member(json, "index", point.index);
  read_member(json, "layer", point.layer);
  read_member(json, "kv_head", point.kv_head);
  read_member(json, "variant", point.variant);
  read_member(json, "setting", point.setting);
  read_member(json, "recall", point.recall);
  read_member(json, "scan_fraction", point.scan_fraction);
  return point;
}

OodHead read_ood(const Json& json) {
  OodHead head;
  read_member(json, "source", head.source);
  read_member(json, "layer", head.layer);
  read_member(json, "kv_head", head.kv_head);
  read_member(json, "query_quantiles", head.query_quantiles);
  read_member(json, "key_quantiles", head.key_quantiles);
  read_member(json, "query_plane", head.query_plane);
  read_member(json, "key_plane", head.key_plane);
  return head;
}

void read_record(const Json& json, ReportData& data) {
  const std::string record = json.value("record", "");
  if (record == "row") data.rows.push_back(read_row(json));
  if (record == "point") data.points.push_back(read_point(json));
  if (record == "ood") data.ood.push_back(read_ood(json));
  if (record == "note") data.notes.push_back(json.value("text", ""));
  if (record == "command") data.command = json.value("text", "");
}

Json record(const char* name, const Json& members) {
  Json json = {{"record", name}};
  json.update(members);
  return json;
}

template <typename T>
Json array_of(const std::vector<T>& items) {
  Json array = Json::array();
  for (const T& item : items) array.push_back(to_json(item));
  return array;
}

}  // namespace

Json to_json(const Row& row) {
  Json json = Json::object();
  for (const Field& field : row_fields()) {
    json[field.name] = std::visit([&](auto member) { return value_of(row, member); }, field.member);
  }
  return json;
}

Json to_json(const CurvePoint& point) {
  return {{"source", point.source},   {"index", point.index},
          {"layer", point.layer},     {"kv_head", point.kv_head},
          {"variant", point.variant}, {"setting", point.setting},
          {"recall", point.recall},   {"scan_fraction", point.scan_fraction}};
}

Json to_json(const OodHead& head) {
  return {{"source", head.source},
          {"layer", head.layer},
          {"kv_head", head.kv_head},
          {"query_quantiles", head.query_quantiles},
          {"key_quantiles", head.key_quantiles},
          {"query_plane", head.query_plane},
          {"key_plane", head.key_plane}};
}

void write_json(std::ostream& out, const ReportData& data) {
  const Json json = {{"command", data.command},
                     {"notes", data.notes},
                     {"rows", array_of(data.rows)},
                     {"points", array_of(data.points)},
                     {"ood", array_of(data.ood)}};
  out << to_indented_text(json) << '\n';
}

void write_jsonl(std::ostream& out, const ReportData& data) {
  out << to_text(record("command", {{"text", data.command}})) << '\n';
  for (const Row& row : data.rows) out << to_text(record("row", to_json(row))) << '\n';
  for (const CurvePoint& point : data.points) out << to_text(record("point", to_json(point))) << '\n';
  for (const OodHead& head : data.ood) out << to_text(record("ood", to_json(head))) << '\n';
  for (const std::string& note : data.notes) out << to_text(record("note", {{"text", note}})) << '\n';
}

ReportData read_jsonl(std::istream& in, const std::string& name) {
  ReportData data;
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    try {
      const Json json = Json::parse(line);
      if (!json.is_object()) fail(ErrorCode::corrupt, name, " line ", number, " is not a JSON object");
      read_record(json, data);
    } catch (const Json::exception& error) {
      fail(ErrorCode::corrupt, name, " line ", number, ": ", error.what());
    }
  }
  if (data.rows.empty()) fail(ErrorCode::corrupt, name, " holds no result rows (record \"row\")");
  return data;
}

}  // namespace rattan::bench
