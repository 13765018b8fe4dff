#include "tests/golden/head_runs.h"

#include <algorithm>
#include <cstring>

#include "rattan/evaluate.h"
#include "rattan/exact_topk.h"

namespace rattan::test {
namespace {

SharedMatrix rows_of_step(const datasets::KvGroup& group, std::size_t step) {
  const std::size_t row_bytes = group.decode_queries.front().view.row_bytes();
  auto bytes = std::make_shared<std::vector<std::byte>>(group.heads() * row_bytes);
  for (std::size_t head = 0; head < group.heads(); ++head) {
    std::memcpy(bytes->data() + head * row_bytes, group.decode_queries[head].view.row(step), row_bytes);
  }
  return {MatrixView(bytes->data(), group.decode_queries.front().view.dtype, group.heads(), group.dim()), bytes};
}

std::vector<KeyId> found_ids(const NeighborTable& found) {
  std::vector<KeyId> ids;
  for (std::size_t row = 0; row < found.rows(); ++row) {
    const auto present = found.ids(row).first(found.count(row));
    ids.insert(ids.end(), present.begin(), present.end());
  }
  return ids;
}

}  // namespace

const char* to_string(Walking walking) {
  switch (walking) {
    case Walking::single: return "single";
    case Walking::group: return "group";
    case Walking::group_started: return "group_started";
    case Walking::group_started_keys: return "group_started_keys";
  }
  return "";
}

HeadRuns::HeadRuns(datasets::KvGroup group, const HeadSetting& setting) : group_(std::move(group)), setting_(setting) {
  const std::size_t end = group_.prefill - setting.recent;
  const SharedMatrix keys{group_.keys.view.slice(setting.sinks, end - setting.sinks), group_.keys.owner};
  const auto exact = make_exact_topk_cpu();
  std::vector<NeighborTable> links;
  for (const SharedMatrix& queries : group_.prefill_queries) {
    const MatrixView sampled = queries.view.every(setting.query_step);
    links.push_back(exact->find(sampled, keys.view, setting.links_k, Metric::inner_product));
  }
  GraphBuildParams params;
  params.fill_nearest = setting.fill;
  index_ = build_graph(keys, links, Metric::inner_product, params);
  for (std::size_t step = 0; step < setting.steps; ++step) {
    steps_.push_back(rows_of_step(group_, step));
    truths_.push_back(exact->find(steps_.back().view, keys.view, setting.k, Metric::inner_product));
  }
}

Figures HeadRuns::run(Walking walking, std::uint32_t beam_width) const {
  SearchParams params;
  params.k = setting_.k;
  params.beam_width = beam_width;
  params.group = walking == Walking::single ? 1 : static_cast<std::uint32_t>(group_.heads());
  if (walking == Walking::group_started_keys) params.rerank = 0;
  const bool with_start_keys = walking == Walking::group_started || walking == Walking::group_started_keys;
  Figures sums{0, 0, 0};
  std::vector<KeyId> start_keys;
  for (std::size_t step = 0; step < steps_.size(); ++step) {
    params.start_keys = start_keys;
    const NeighborTable found = index_->search(steps_[step].view, params);
    if (with_start_keys) start_keys = found_ids(found);
    sums.recall += mean_recall(found, truths_[step]);
    for (const SearchStats& stats : found.stats) {
      sums.keys_per_query += static_cast<double>(stats.keys_scored);
      sums.codes_per_query += static_cast<double>(stats.codes_scored);
    }
  }
  const double rows = static_cast<double>(steps_.size()) * static_cast<double>(group_.heads());
  return {sums.recall / static_cast<double>(steps_.size()), sums.keys_per_query / rows, sums.codes_per_query / rows};
}

}  // namespace rattan::test
