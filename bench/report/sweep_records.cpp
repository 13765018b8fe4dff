#include "bench/report/sweep_records.h"

#include <algorithm>
#include <istream>
#include <map>
#include <ostream>
#include <tuple>

#include "bench/inputs/text.h"
#include "bench/report/json_text.h"
#include "bench/report/run_fields.h"
#include "core/check.h"

namespace rattan::bench {
namespace {

std::string number_or_all(const std::optional<std::int64_t>& number) {
  return number ? std::to_string(*number) : "all";
}

std::string marked_recall(const SweepRow& row) { return fixed(row.recall, 3) + (row.reached ? " " : "*"); }

// The mean over KV heads hides little when the geometric mean stands beside it. Flat reads all keys, however many heads
// share the pass.
std::string typical_scan(const SweepRow& row) {
  if (row.index == "flat") return percent(1);
  return percent(std::isfinite(row.scan_geomean) ? row.scan_geomean : row.scan_fraction);
}

// The one list of a row's fields, in the order of CSV columns. `field` takes a name, a reference to write from or to
// read into, and how a table shows it.
template <typename Fields, typename AnyRow>
void visit_row(Fields&& field, AnyRow& row) {
  field("source", row.source);
  field("index", row.index, show_text("index"));
  field("scope", row.scope);
  field("layer", row.layer, show_given("layer", number_or_all(row.layer)));
  field("kv_head", row.kv_head, show_given("kv", number_or_all(row.kv_head)));
  field("keys", row.keys);
  field("dim", row.dim);
  field("dtype", row.dtype);
  field("heads", row.heads);
  field("k", row.k);
  field("target", row.target, show_fixed("target", 2));
  field("reached", row.reached);
  field("heads_reached", row.heads_reached);
  field("heads_total", row.heads_total);
  field("recall", row.recall, show_given("recall", marked_recall(row)));
  field("recall_worst_head", row.recall_worst_head, show_fixed("worst", 3));
  field("scan_fraction", row.scan_fraction, show_given("scan", typical_scan(row)));
  field("scan_group", row.scan_group, show_percent("scan/step"));
  field("scan_geomean", row.scan_geomean);
  field("scan_worst_head", row.scan_worst_head);
  field("keys_per_query", row.keys_per_query, show_fixed("keys/q", 0));
  field("codes_per_query", row.codes_per_query, show_fixed("codes/q", 0));
  field("bytes_per_query", row.bytes_per_query, show_fixed("KB/q", 1, 1e-3));
  field("centroids_per_query", row.centroids_per_query);
  field("expansions_per_query", row.expansions_per_query);
  field("mass", row.mass, show_fixed("mass", 3));
  field("output_error", row.output_error, show_fixed("out err", 4));
  field("us_p50", row.us_p50, show_mean("us p50", 0, row.us_p50, row.us_p50_deviation));
  field("us_p99", row.us_p99, show_fixed("us p99", 0));
  field("us_p50_deviation", row.us_p50_deviation);
  field("latency_steps", row.latency_steps);
  field("repeats", row.repeats);
  field("cycle_mb", row.cycle_mb);
  field("build_s", row.build_s, show_fixed("build s", 1));
  field("build_stages", row.build_stages);
  field("unreachable", row.unreachable);
  field("index_bytes", row.index_bytes, show_fixed("index MB", 2, 1e-6));
  field("index_share", row.index_share);
  field("setting", row.setting, show_text("setting"));
  field("window", row.window);
  field("queries", row.queries);
  visit_run(field, row.run);
}

template <typename Fields, typename AnyPoint>
void visit_point(Fields&& field, AnyPoint& point) {
  field("source", point.source);
  field("index", point.index);
  field("layer", point.layer);
  field("kv_head", point.kv_head);
  field("variant", point.variant);
  field("setting", point.setting);
  field("recall", point.recall);
  field("scan_fraction", point.scan_fraction);
  field("bytes_per_query", point.bytes_per_query);
}

template <typename Fields, typename AnyHead>
void visit_ood(Fields&& field, AnyHead& head) {
  field("source", head.source);
  field("layer", head.layer);
  field("kv_head", head.kv_head);
  field("query_quantiles", head.query_quantiles);
  field("key_quantiles", head.key_quantiles);
  field("query_plane", head.query_plane);
  field("key_plane", head.key_plane);
}

struct Writer {
  Record record;

  template <typename T>
  void operator()(const char* name, const T& value, Show show = {}) {
    record.push_back({name, value, std::move(show)});
  }
};

void read_value(const Json& json, double& value) { value = json.is_null() ? not_measured : json.get<double>(); }
void read_value(const Json& json, std::optional<std::int64_t>& value) {
  value = json.is_null() ? std::nullopt : std::optional(json.get<std::int64_t>());
}
void read_value(const Json& json, NamedNumbers& value) {
  value.clear();
  for (const auto& [name, number] : json.items()) {
    double seconds = 0;
    read_value(number, seconds);
    value.emplace_back(name, seconds);
  }
}
template <typename T>
void read_value(const Json& json, T& value) {
  value = json.get<T>();
}

struct Reader {
  const Json& json;

  template <typename T>
  void operator()(const char* name, T& value, const Show& /*show*/ = {}) {
    const auto found = json.find(name);
    if (found != json.end()) read_value(*found, value);
  }
};

void read_line(const Json& json, ReportData& data) {
  const std::string record = json.value("record", "");
  if (record == "row") visit_row(Reader{json}, data.rows.emplace_back());
  if (record == "point") visit_point(Reader{json}, data.points.emplace_back());
  if (record == "ood") visit_ood(Reader{json}, data.ood.emplace_back());
  if (record == "note") data.notes.push_back(json.value("text", ""));
  if (record == "command") data.command = json.value("text", "");
}

void write_line(std::ostream& out, const char* name, const Record& record) {
  out << to_text(to_json(joined({{"record", name}}, record))) << '\n';
}

template <typename T>
Json array_of(const std::vector<T>& items) {
  Json array = Json::array();
  for (const T& item : items) array.push_back(to_json(to_record(item)));
  return array;
}

}  // namespace

Record to_record(const SweepRow& row) {
  Writer writer;
  visit_row(writer, row);
  return writer.record;
}

Record to_record(const CurvePoint& point) {
  Writer writer;
  visit_point(writer, point);
  return writer.record;
}

Record to_record(const OodHead& head) {
  Writer writer;
  visit_ood(writer, head);
  return writer.record;
}

void write_json(std::ostream& out, const ReportData& data) {
  const Json json = {{"command", data.command},
                     {"notes", data.notes},
                     {"rows", array_of(data.rows)},
                     {"points", array_of(data.points)},
                     {"ood", array_of(data.ood)}};
  out << to_indented_text(json) << '\n';
}

void write_jsonl_parts(std::ostream& out, const ReportData& part) {
  if (!part.command.empty()) write_line(out, "command", {{"text", part.command}});
  for (const SweepRow& row : part.rows) write_line(out, "row", to_record(row));
  for (const CurvePoint& point : part.points) write_line(out, "point", to_record(point));
  for (const OodHead& head : part.ood) write_line(out, "ood", to_record(head));
}

void write_jsonl_end(std::ostream& out, const ReportData& data) {
  for (const SweepRow& row : data.rows) {
    if (row.scope == "all") write_line(out, "row", to_record(row));
  }
  for (const std::string& note : data.notes) write_line(out, "note", {{"text", note}});
}

void write_jsonl(std::ostream& out, const ReportData& data) {
  ReportData heads = data;
  std::erase_if(heads.rows, [](const SweepRow& row) { return row.scope == "all"; });
  write_jsonl_parts(out, heads);
  write_jsonl_end(out, data);
}

namespace {

ReportData read_lines(std::istream& in, const std::string& name) {
  ReportData data;
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    try {
      const Json json = Json::parse(line);
      if (!json.is_object()) fail(ErrorCode::corrupt, name, " line ", number, " is not a JSON object");
      read_line(json, data);
    } catch (const Json::exception& error) {
      fail(ErrorCode::corrupt, name, " line ", number, ": ", error.what());
    }
  }
  return data;
}

// Keeps the last item of each key, in the order of the lasts.
template <typename T, typename KeyOf>
void keep_last(std::vector<T>& items, const KeyOf& key_of) {
  std::map<decltype(key_of(items.front())), std::size_t> last;
  for (std::size_t i = 0; i < items.size(); ++i) last[key_of(items[i])] = i;
  std::vector<T> kept;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (last.at(key_of(items[i])) == i) kept.push_back(std::move(items[i]));
  }
  items = std::move(kept);
}

void keep_last_of_each(ReportData& data) {
  keep_last(data.rows, [](const SweepRow& row) {
    return std::tuple(row.scope == "all", row.source, row.index, row.layer, row.kv_head, row.k, row.target);
  });
  // Rows over all heads stand behind the others also where a resumed run added some.
  std::stable_partition(data.rows.begin(), data.rows.end(), [](const SweepRow& row) { return row.scope != "all"; });
  keep_last(data.points, [](const CurvePoint& point) {
    return std::tuple(point.source, point.index, point.layer, point.kv_head, point.variant, point.setting);
  });
  keep_last(data.ood, [](const OodHead& head) { return std::tuple(head.source, head.layer, head.kv_head); });
}

}  // namespace

ReportData read_jsonl(std::istream& in, const std::string& name) {
  ReportData data = read_lines(in, name);
  if (data.rows.empty()) fail(ErrorCode::corrupt, name, " holds no result rows (record \"row\")");
  keep_last_of_each(data);
  return data;
}

ReportData read_measured(std::istream& in, const std::string& name) {
  ReportData data = read_lines(in, name);
  std::erase_if(data.rows, [](const SweepRow& row) { return row.scope == "all"; });
  data.notes.clear();
  data.command.clear();
  keep_last_of_each(data);
  return data;
}

}  // namespace rattan::bench
