#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include "core/check.h"
#include "rattan/evaluate.h"

namespace rattan {
namespace {

constexpr double tie_tolerance = 1e-6;

struct Found {
  KeyId id;
  float score;
};

// Distinct found keys of a row, ascending by id; of a repeated key the first (best) score stays.
std::vector<Found> distinct(const NeighborTable& table, std::size_t row) {
  std::vector<Found> found;
  for (std::size_t i = 0; i < table.count(row); ++i) found.push_back({table.ids(row)[i], table.scores(row)[i]});
  std::stable_sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.id < b.id; });
  const auto same = [](const Found& a, const Found& b) { return a.id == b.id; };
  found.erase(std::unique(found.begin(), found.end(), same), found.end());
  return found;
}

// Truth keys above the tie count by id. The tied ones are interchangeable: any tied key fills one of their places.
double row_recall(const NeighborTable& found_table, const NeighborTable& truth, std::size_t row) {
  const std::size_t count = truth.count(row);
  if (count == 0) return 1;
  const auto scores = truth.scores(row).first(count);
  const double last = scores[count - 1];
  const double tie = tie_tolerance * std::max(std::abs(static_cast<double>(scores[0])), std::abs(last));

  std::vector<KeyId> above;
  std::vector<KeyId> tied;
  for (std::size_t i = 0; i < count; ++i) (scores[i] > last + tie ? above : tied).push_back(truth.ids(row)[i]);
  std::sort(above.begin(), above.end());
  std::sort(tied.begin(), tied.end());

  std::size_t above_hits = 0;
  std::size_t tied_hits = 0;
  for (const Found& key : distinct(found_table, row)) {
    if (std::binary_search(above.begin(), above.end(), key.id)) {
      ++above_hits;
    } else if (std::binary_search(tied.begin(), tied.end(), key.id) || std::abs(key.score - last) <= tie) {
      ++tied_hits;
    }
  }
  return static_cast<double>(above_hits + std::min(tied_hits, tied.size())) / static_cast<double>(count);
}

}  // namespace

std::vector<double> recall_per_row(const NeighborTable& found, const NeighborTable& truth) {
  if (found.rows() != truth.rows()) {
    fail(ErrorCode::invalid_argument, "found has ", found.rows(), " rows, truth has ", truth.rows(),
         "; they must agree");
  }
  std::vector<double> recall(truth.rows());
  for (std::size_t row = 0; row < truth.rows(); ++row) recall[row] = row_recall(found, truth, row);
  return recall;
}

double mean_recall(const NeighborTable& found, const NeighborTable& truth) {
  const std::vector<double> recall = recall_per_row(found, truth);
  if (recall.empty()) return 1;
  return std::accumulate(recall.begin(), recall.end(), 0.0) / static_cast<double>(recall.size());
}

}  // namespace rattan
