#include "bench/report/attend_summary.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace rattan::bench {
namespace {

constexpr std::array means = {"keys_retrieved", "mass",   "unread",  "output_error",
                              "estimate_error", "us_p50", "us_full", "us_flat"};

bool same_setting(const Json& a, const Json& b) {
  return a["k"] == b["k"] && a["epsilon"] == b["epsilon"] && a["estimate"] == b["estimate"];
}

Json mean_of(const std::vector<Json>& records, const Json& setting) {
  Json row = {{"layer", "all"},
              {"kv_head", "all"},
              {"index", setting["index"]},
              {"k", setting["k"]},
              {"epsilon", setting["epsilon"]},
              {"estimate", setting["estimate"]}};
  for (const char* member : means) {
    double sum = 0;
    std::size_t count = 0;
    for (const Json& record : records) {
      if (!same_setting(record, setting) || !record.contains(member) || !record[member].is_number()) continue;
      sum += record[member].get<double>();
      ++count;
    }
    row[member] = count == 0 ? Json(nullptr) : Json(sum / static_cast<double>(count));
  }
  return row;
}

// (log keys, log error) of fixed k with or without the estimate, ascending.
std::vector<std::pair<double, double>> curve_of(const std::vector<Json>& rows, const Json& estimate) {
  std::vector<std::pair<double, double>> curve;
  for (const Json& row : rows) {
    if (!row["epsilon"].is_null() || row["estimate"] != estimate || !row["output_error"].is_number()) continue;
    curve.emplace_back(std::log(row["keys_retrieved"].get<double>()), std::log(row["output_error"].get<double>()));
  }
  std::ranges::sort(curve);
  return curve;
}

Json interpolated(const std::vector<std::pair<double, double>>& curve, double keys) {
  const double at = std::log(keys);
  for (std::size_t i = 0; i + 1 < curve.size(); ++i) {
    const auto& [x, y] = curve[i];
    const auto& [next_x, next_y] = curve[i + 1];
    if (at < x || at > next_x || next_x == x) continue;
    return std::exp(y + (next_y - y) * (at - x) / (next_x - x));
  }
  return nullptr;
}

}  // namespace

std::vector<Json> attend_summary(const std::vector<Json>& records) {
  std::vector<Json> rows;
  for (const Json& record : records) {
    const bool seen = std::ranges::any_of(rows, [&](const Json& row) { return same_setting(row, record); });
    if (!seen) rows.push_back(mean_of(records, record));
  }
  for (Json& row : rows) {
    // Of the times of all heads together, as a model takes them.
    for (const std::string other : {"full", "flat"}) {
      const bool timed = row["us_p50"].is_number();
      row["times_faster_than_" + other] =
          timed ? Json(row["us_" + other].get<double>() / row["us_p50"].get<double>()) : Json(nullptr);
    }
    row["fixed_error"] = row["epsilon"].is_null()
                             ? Json(nullptr)
                             : interpolated(curve_of(rows, row["estimate"]), row["keys_retrieved"].get<double>());
  }
  return rows;
}

}  // namespace rattan::bench
