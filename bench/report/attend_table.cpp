#include "bench/report/attend_table.h"

#include <algorithm>
#include <cmath>
#include <ostream>
#include <utility>

#include "bench/report/run_fields.h"

namespace rattan::bench {
namespace {

constexpr double AttendRow::*averaged[] = {
    &AttendRow::keys_retrieved, &AttendRow::mass,           &AttendRow::unread,
    &AttendRow::output_error,   &AttendRow::estimate_error, &AttendRow::us_p50,
    &AttendRow::us_full,        &AttendRow::us_flat,        &AttendRow::us_p50_deviation};

bool same_setting(const AttendRow& a, const AttendRow& b) {
  return a.k == b.k && a.epsilon == b.epsilon && a.estimate == b.estimate;
}

AttendRow mean_of(const std::vector<AttendRow>& rows, const AttendRow& setting) {
  AttendRow mean;
  mean.index = setting.index;
  mean.k = setting.k;
  mean.epsilon = setting.epsilon;
  mean.estimate = setting.estimate;
  mean.repeats = setting.repeats;
  mean.run = setting.run;
  for (double AttendRow::*member : averaged) {
    double sum = 0;
    std::size_t count = 0;
    for (const AttendRow& row : rows) {
      if (!same_setting(row, setting) || std::isnan(row.*member)) continue;
      sum += row.*member;
      ++count;
    }
    if (count > 0) mean.*member = sum / static_cast<double>(count);
  }
  return mean;
}

// (log keys, log error) of fixed k with or without the estimate, ascending.
using Curve = std::vector<std::pair<double, double>>;

Curve curve_of(const std::vector<AttendRow>& rows, const std::string& estimate) {
  Curve curve;
  for (const AttendRow& row : rows) {
    if (row.epsilon || row.estimate != estimate || std::isnan(row.output_error)) continue;
    curve.emplace_back(std::log(row.keys_retrieved), std::log(row.output_error));
  }
  std::ranges::sort(curve);
  return curve;
}

double interpolated(const Curve& curve, double keys) {
  const double at = std::log(keys);
  for (std::size_t i = 0; i + 1 < curve.size(); ++i) {
    const auto& [x, y] = curve[i];
    const auto& [next_x, next_y] = curve[i + 1];
    if (at < x || at > next_x || next_x == x) continue;
    return std::exp(y + (next_y - y) * (at - x) / (next_x - x));
  }
  return not_measured;
}

Value number_or_all(const std::optional<std::int64_t>& number) { return number ? Value(*number) : Value("all"); }

}  // namespace

Record to_record(const AttendRow& row) {
  Record record = {
      {"source", row.source.empty() ? Value() : row.source},
      {"layer", number_or_all(row.layer), show_text("layer")},
      {"kv_head", number_or_all(row.kv_head), show_text("kv")},
      {"index", row.index, show_text("index")},
      {"keys", row.keys},
      {"k", row.k, show_fixed("k", 0)},
      {"epsilon", row.epsilon, show_fixed("epsilon", 4)},
      {"estimate", row.estimate, show_text("estimate")},
      {"steps", row.steps},
      {"recall", row.recall, show_fixed("recall", 3)},
      {"scan_fraction", row.scan_fraction, show_percent("scan")},
      {"bytes_per_query", row.bytes_per_query, show_fixed("KB/q", 1, 1e-3)},
      {"keys_retrieved", row.keys_retrieved, show_fixed("keys", 1)},
      {"mass", row.mass, show_fixed("mass", 4)},
      {"unread", row.unread, show_fixed("unread", 5)},
      {"output_error", row.output_error, show_fixed("out err", 5)},
      {"fixed_error", row.fixed_error, show_fixed("fixed k's", 5)},
      {"estimate_error", row.estimate_error, show_fixed("estimate err", 3)},
      {"us_p50", row.us_p50, show_mean("us", 0, row.us_p50, row.us_p50_deviation)},
      {"us_p50_deviation", row.us_p50_deviation},
      {"repeats", row.repeats},
      {"us_full", row.us_full},
      {"us_flat", row.us_flat},
      // In means: of the times of all heads together, as a model takes them.
      {"times_faster_than_full", row.us_full / row.us_p50, show_fixed("x full", 2)},
      {"times_faster_than_flat", row.us_flat / row.us_p50, show_fixed("x flat", 2)},
      {"kind", row.kind.empty() ? Value() : row.kind, show_text("by")},
  };
  return joined(std::move(record), to_record(row.run));
}

std::vector<AttendRow> mean_rows(const std::vector<AttendRow>& rows) {
  std::vector<AttendRow> means;
  for (const AttendRow& row : rows) {
    const bool seen = std::ranges::any_of(means, [&](const AttendRow& mean) { return same_setting(mean, row); });
    if (!seen) means.push_back(mean_of(rows, row));
  }
  for (AttendRow& mean : means) {
    if (mean.epsilon) mean.fixed_error = interpolated(curve_of(means, mean.estimate), mean.keys_retrieved);
  }
  return means;
}

void finish_attend(std::ostream& out, RecordStream& records, const std::vector<AttendRow>& rows,
                   std::optional<std::size_t> copies) {
  for (const AttendRow& row : mean_rows(rows)) records.add(to_record(row));
  records.finish();
  if (records.format() != Format::markdown || rows.empty()) return;
  out << "\nkeys: retrieved keys attended to per query head; mass: share of the indexed keys' softmax mass that they "
         "hold; unread: share of the whole softmax that was not read; out err: |o - o'| / |o|, sinks and recent window "
         "attended exactly on both sides; fixed k's: that of fixed k at as many keys; estimate err: |estimated - true| "
         "log mass of the unread keys.\n";
  if (copies) {
    out << "us: one step of all query heads of the KV head by a Context whose widths are calibrated at recall 0.95, "
           "one thread, median, caches cold ("
        << *copies
        << " copies take turns, and twice the last-level cache is read before the turn of each setting); x full, x "
           "flat: times faster than attention to every key, and than one exact pass over the keys for all query heads "
           "with the values of the smallest k. by: what the Context searches.\n";
  }
  out << describe(rows.front().run) << '\n';
}

}  // namespace rattan::bench
