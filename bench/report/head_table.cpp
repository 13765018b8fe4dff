#include "bench/report/head_table.h"

#include <algorithm>
#include <limits>
#include <map>
#include <ostream>

#include "bench/inputs/text.h"
#include "bench/report/run_fields.h"
#include "bench/report/table.h"

namespace rattan::bench {
namespace {

// A number over the query heads of a KV head: "0.88 to 0.94", or one value where they agree in all digits shown.
std::string range(const std::vector<Record>& heads, const Field& field) {
  const auto number_of = [&](const Record& head) {
    return find_field(head, field.name)->value.number().value_or(std::numeric_limits<double>::quiet_NaN());
  };
  double low = number_of(heads.front());
  double high = low;
  for (const Record& head : heads) {
    const double value = number_of(head);
    low = std::min(low, value);
    high = std::max(high, value);
  }
  const std::string from = fixed(low, field.show.digits);
  const std::string to = fixed(high, field.show.digits);
  return from == to ? from : from + " to " + to;
}

Record ranges(const std::vector<Record>& heads) {
  Record line;
  for (const Field& field : heads.front()) {
    if (field.show.form == Show::Form::text) line.push_back(field);
    if (field.show.form == Show::Form::fixed) {
      line.push_back({field.name, range(heads, field), show_text(field.show.title)});
    }
  }
  return line;
}

using KvHeads = std::map<std::pair<int, int>, std::vector<Record>>;

void write_source(std::ostream& out, const QueryHeadRow& first, const KvHeads& heads) {
  out << "### " << first.source << "\n\n"
      << first.prefill << " prefill keys and " << first.decode_rows << " decode rows (" << first.measured_rows
      << " measured) of dimension " << first.dim << ", " << first.dtype << ", " << heads.begin()->second.size()
      << " query heads per KV head; sinks " << first.sinks << ", recent " << first.recent << ".\n\n";
  std::vector<Record> lines;
  for (const auto& [place, records] : heads) lines.push_back(ranges(records));
  write_markdown(out, lines);
  out << '\n';
}

void write_by_source(std::ostream& out, const std::vector<QueryHeadRow>& rows) {
  std::map<std::string, KvHeads> sources;
  for (const QueryHeadRow& row : rows) sources[row.source][{row.layer, row.kv_head}].push_back(to_record(row));
  for (const auto& [source, heads] : sources) {
    const auto first = std::ranges::find(rows, source, &QueryHeadRow::source);
    write_source(out, *first, heads);
  }
  out << "Ranges run over the query heads of a KV head. far: keys outside sinks and recent window; n90: far keys "
         "that hold 90 % of the far mass (median);\ntop100: share of the far mass in the best 100; maha: median "
         "Mahalanobis distance to the keys; cos(q, k): mean query against mean key; conc.: |mean query| / rms;\n"
         "pairs: energy by rotary pair, their number grows with slowness; cos in group: mean queries of the "
         "group's heads, RoPE undone.\n";
}

}  // namespace

Record to_record(const QueryHeadRow& row) {
  const HeadStatistics& statistics = row.statistics;
  Record record = {
      {"source", row.source},
      {"layer", row.layer, show_text("layer")},
      {"kv_head", row.kv_head, show_text("kv")},
      {"query_head", row.query_head},
      {"keys", row.keys},
      {"prefill", row.prefill},
      {"dim", row.dim},
      {"dtype", row.dtype},
      {"decode_rows", row.decode_rows},
      {"measured_rows", row.measured_rows},
      {"sinks", row.sinks},
      {"recent", row.recent},
      {"far_mass", statistics.far_mass, show_fixed("far mass", 2)},
      {"n90", statistics.n90, show_fixed("n90", 0)},
      {"top100", statistics.top100, show_fixed("top100", 2)},
      {"mahalanobis_queries", statistics.mahalanobis_queries, show_fixed("maha q", 1)},
      {"mahalanobis_keys", statistics.mahalanobis_keys, show_fixed("maha k", 1)},
      {"mean_cosine", statistics.mean_cosine, show_fixed("cos(q, k)", 2)},
      {"concentration", statistics.concentration, show_fixed("conc.", 2)},
      {"concentration_before_rope", row.rotary.concentration, show_fixed("before RoPE", 2)},
      {"top4_energy", row.rotary.top4_energy, show_fixed("top-4 pairs", 2)},
      {"strongest_ratio", row.rotary.strongest_ratio, show_fixed("max/med pair", 1)},
      {"strongest_pair", row.rotary.strongest_pair, show_fixed("pair", 0)},
      {"group_cosine", row.group_cosine, show_fixed("cos in group", 2)},
      {"query_norm", statistics.query_norm, show_fixed("|q|", 1)},
      {"key_norm", statistics.key_norm, show_fixed("|k|", 1)},
  };
  return joined(std::move(record), to_record(row.run));
}

void write_heads(std::ostream& out, Format format, const std::vector<QueryHeadRow>& rows) {
  if (format == Format::markdown) return write_by_source(out, rows);
  std::vector<Record> records;
  records.reserve(rows.size());
  for (const QueryHeadRow& row : rows) records.push_back(to_record(row));
  write_records(out, format, records);
}

}  // namespace rattan::bench
