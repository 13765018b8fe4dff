#include "bench/report/summary.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "bench/inputs/text.h"

namespace rattan::bench {
namespace {

using Compare = std::function<Ratio(std::string_view index, double target)>;

template <typename T, typename Get>
std::vector<T> distinct(std::span<const SweepRow> rows, const Get& get) {
  std::vector<T> values;
  for (const SweepRow& row : rows) {
    const T value = get(row);
    if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
  }
  return values;
}

bool same_head(const SweepRow& a, const SweepRow& b) {
  return a.scope == "head" && b.scope == "head" && a.source == b.source && a.layer == b.layer &&
         a.kv_head == b.kv_head && a.k == b.k && a.target == b.target;
}

void add(Ratio& ratio, double value) {
  ratio.least = ratio.heads == 0 ? value : std::min(ratio.least, value);
  ratio.most = ratio.heads == 0 ? value : std::max(ratio.most, value);
  ratio.geomean = (ratio.heads == 0 ? 0 : ratio.geomean) + std::log(value);
  ++ratio.heads;
}

// `ratio_of(row)` is the row's ratio, or NaN where there is nothing to compare it with.
template <typename RatioOf>
Ratio over_heads(std::span<const SweepRow> rows, std::string_view source, std::string_view index, double target,
                 const RatioOf& ratio_of) {
  Ratio ratio;
  for (const SweepRow& row : rows) {
    if (row.scope != "head" || row.source != source || row.index != index || row.target != target) continue;
    ++ratio.total;
    const double value = row.reached ? ratio_of(row) : not_measured;
    if (std::isfinite(value) && value > 0) add(ratio, value);
  }
  if (ratio.heads > 0) ratio.geomean = std::exp(ratio.geomean / static_cast<double>(ratio.heads));
  return ratio;
}

// Of `member` beside the smaller one of the baselines that reach the target on the same head.
Ratio beside_baselines(std::span<const SweepRow> rows, std::string_view source, std::string_view index, double target,
                       double SweepRow::*member) {
  return over_heads(rows, source, index, target, [&](const SweepRow& row) {
    double least = not_measured;
    for (const SweepRow& other : rows) {
      if (!same_head(row, other) || !other.reached || (other.index != "ivf" && other.index != "hnsw")) continue;
      least = std::fmin(least, other.*member);
    }
    return row.*member / least;
  });
}

Ratio flat_over(std::span<const SweepRow> rows, std::string_view source, std::string_view index, double target,
                double SweepRow::*member) {
  return over_heads(rows, source, index, target, [&](const SweepRow& row) {
    const auto flat = std::find_if(rows.begin(), rows.end(), [&](const SweepRow& other) {
      return same_head(row, other) && other.index == "flat";
    });
    return flat == rows.end() ? not_measured : (*flat).*member / row.*member;
  });
}

std::string cell(const Ratio& ratio) {
  if (ratio.heads == 0) return "-";
  std::string text = fixed(ratio.geomean, 2);
  if (ratio.heads > 1) text += " (" + fixed(ratio.least, 2) + " to " + fixed(ratio.most, 2) + ")";
  if (ratio.heads < ratio.total) text += ", " + std::to_string(ratio.heads) + "/" + std::to_string(ratio.total);
  return text;
}

// A record per index that has a ratio, named `<index><measure>` in the table.
std::vector<Record> compare_all(const std::string& title, const std::vector<std::string>& indexes,
                                const std::string& measure, const std::vector<double>& targets,
                                const Compare& compare) {
  std::vector<Record> records;
  for (const std::string& index : indexes) {
    Record record = {{"index", index, show_given(title, index + measure)}};
    bool any = false;
    for (const double target : targets) {
      const Ratio ratio = compare(index, target);
      any = any || ratio.heads > 0;
      const std::string name = "recall " + fixed(target, 2);
      record.push_back({name, cell(ratio), show_numbers(name)});
    }
    if (any) records.push_back(std::move(record));
  }
  return records;
}

std::vector<std::string> without(std::vector<std::string> names, const std::vector<std::string>& left_out) {
  std::erase_if(names, [&](const std::string& name) {
    return std::find(left_out.begin(), left_out.end(), name) != left_out.end();
  });
  return names;
}

}  // namespace

std::vector<std::string> sources_of(std::span<const SweepRow> rows) {
  return distinct<std::string>(rows, [](const SweepRow& row) { return row.source; });
}

std::vector<std::string> indexes_of(std::span<const SweepRow> rows) {
  return distinct<std::string>(rows, [](const SweepRow& row) { return row.index; });
}

std::vector<double> targets_of(std::span<const SweepRow> rows) {
  return distinct<double>(rows, [](const SweepRow& row) { return row.target; });
}

double nearest_target(std::span<const SweepRow> rows, double wanted) {
  const std::vector<double> targets = targets_of(rows);
  return *std::min_element(targets.begin(), targets.end(),
                           [&](double a, double b) { return std::abs(a - wanted) < std::abs(b - wanted); });
}

Ratio keys_beside_baselines(std::span<const SweepRow> rows, std::string_view source, std::string_view index,
                            double target) {
  return beside_baselines(rows, source, index, target, &SweepRow::keys_per_query);
}

Ratio bytes_beside_baselines(std::span<const SweepRow> rows, std::string_view source, std::string_view index,
                             double target) {
  return beside_baselines(rows, source, index, target, &SweepRow::bytes_per_query);
}

Ratio speed_beside_flat(std::span<const SweepRow> rows, std::string_view source, std::string_view index,
                        double target) {
  return flat_over(rows, source, index, target, &SweepRow::us_p50);
}

Ratio fewer_bytes_than_flat(std::span<const SweepRow> rows, std::string_view source, std::string_view index,
                            double target) {
  return flat_over(rows, source, index, target, &SweepRow::bytes_per_query);
}

std::vector<std::vector<Record>> summary_tables(std::span<const SweepRow> rows, const std::string& source) {
  std::vector<std::vector<Record>> tables;
  const std::vector<double> targets = targets_of(rows);
  std::vector<SweepRow> own;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(own),
               [&](const SweepRow& r) { return r.source == source; });
  const auto ratio = [&](const auto& ratio_of) {
    return [&, ratio_of](std::string_view index, double target) { return ratio_of(own, source, index, target); };
  };
  const std::vector<std::string> indexes = without(indexes_of(own), {"flat"});
  const std::vector<std::string> others = without(indexes, {"ivf", "hnsw"});
  const std::string times = "times as fast as flat, one step (" + own.front().dtype + " keys, one thread, cold caches)";
  std::vector<Record> speed = compare_all(times, indexes, "", targets, ratio(speed_beside_flat));
  if (!speed.empty()) {
    std::ranges::move(compare_all(times, indexes, ", times fewer bytes", targets, ratio(fewer_bytes_than_flat)),
                      std::back_inserter(speed));
  }
  tables.push_back(std::move(speed));
  const std::string share = "read per query head / the better of ivf and hnsw";
  std::vector<Record> read = compare_all(share, others, ", bytes", targets, ratio(bytes_beside_baselines));
  std::ranges::move(compare_all(share, others, ", keys", targets, ratio(keys_beside_baselines)),
                    std::back_inserter(read));
  tables.push_back(std::move(read));
  std::erase_if(tables, [](const std::vector<Record>& table) { return table.empty(); });
  return tables;
}

}  // namespace rattan::bench
