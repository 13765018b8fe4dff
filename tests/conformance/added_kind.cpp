#include "added_kind.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "core/check.h"
#include "core/top_k.h"
#include "scan/scorer.h"
#include "storage/byte_reader.h"
#include "storage/byte_writer.h"
#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

constexpr KeyId fewest_scored = 64;

class NormsIndex final : public Index {
 public:
  NormsIndex(const CheckedMatrix& keys, Metric metric, std::vector<KeyId> order)
      : Index(keys, metric), order_(std::move(order)), scorer_(this->keys(), metric) {
    if (order_.size() == size()) return;
    std::vector<double> norms(size());
    for (std::size_t key = 0; key < size(); ++key) {
      for (const double value : row_values(this->keys(), key)) norms[key] += value * value;
    }
    order_.resize(size());
    std::iota(order_.begin(), order_.end(), KeyId{0});
    std::stable_sort(order_.begin(), order_.end(), [&](KeyId a, KeyId b) { return norms[a] > norms[b]; });
  }

  std::string_view kind() const noexcept override { return "norms"; }
  MemoryUse memory() const override { return {{{"order", order_.size() * sizeof(KeyId)}}}; }
  std::string describe() const override { return message("metric: ", to_string(metric()), "\n"); }

 private:
  void search_checked(MatrixView queries, const SearchParams& params, NeighborTable& table) const override {
    std::vector<KeyId> ids;
    const std::size_t width = std::max({fewest_scored, params.k, params.beam_width.value_or(no_key)});
    for (const KeyId id : order_) {
      if (ids.size() < width && params.candidate_range.contains(id)) ids.push_back(id);
    }
    PreparedQueries prepared;
    std::vector<const void*> rows;
    std::vector<float> scores(params.group * ids.size());
    for (std::size_t first = 0; first < queries.rows; first += params.group) {
      scorer_.prepare(queries.slice(first, params.group), prepared);
      scorer_.score(prepared, ids, rows, scores.data(), ids.size());
      for (std::size_t row = 0; row < params.group; ++row) {
        TopK best(params.k);
        for (std::size_t i = 0; i < ids.size(); ++i) best.push(scores[row * ids.size() + i], ids[i]);
        write_row(best.sorted(), table.ids(first + row), table.scores(first + row));
      }
      table.stats[first / params.group].keys_scored = ids.size();
      table.stats[first / params.group].bytes_read = ids.size() * keys().row_bytes();
    }
  }
  void write_sections(ContainerWriter& writer) const override {
    ByteWriter order;
    order.array(order_);
    writer.add("order", order.take());
  }

  std::vector<KeyId> order_;
  Scorer scorer_;
};

std::unique_ptr<Index> open_norms(const Container& container, const CheckedMatrix& keys, Metric metric, Executor&) {
  ByteReader in = container.section("order");
  std::vector<KeyId> order = in.array<KeyId>(keys.rows(), "order");
  in.expect_end();
  std::vector<KeyId> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (sorted[i] != i) fail(ErrorCode::corrupt, in.name(), ": order does not hold every key once");
  }
  return std::make_unique<NormsIndex>(keys, metric, std::move(order));
}

}  // namespace

const IndexKind& added_kind() {
  static const IndexKind row{
      .name = "norms",
      .head_kind = 4,
      .contender = true,
      .width = beam_knob,
      .build = [](const BuildInputs& in, BuildStats*) -> std::unique_ptr<Index> {
        return std::make_unique<NormsIndex>(in.keys, in.metric, std::vector<KeyId>{});
      },
      .open = open_norms,
      .bytes = [](std::size_t keys, std::size_t, Metric, const KindParams&) { return keys * sizeof(KeyId); },
      .growth = [](const Index&) { return GrowthParts{}; }};
  return row;
}

}  // namespace rattan::test
