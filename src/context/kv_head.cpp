#include "context/kv_head.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "clusters/cluster_cut.h"

namespace rattan {
namespace {

GrowthParams growth_params(const HeadPrefix& prefix, const ContextParams& params) {
  GrowthParams growth;
  // After a truncation below the base as many more may grow as the base has lost.
  growth.capacity = std::min<std::size_t>(params.capacity + prefix.indexed(), no_key);
  growth.graph = params.graph;
  growth.graph.seed = params.seed;
  return growth;
}

// Rows of a matrix in a place of their own where they lie in two.
SharedMatrix together(const SplitRows& rows, std::size_t begin, std::size_t end) {
  const std::size_t base = rows.base.rows;
  if (end <= base) return rows.base.slice(begin, end - begin);
  if (begin >= base) return rows.grown.slice(begin - base, end - begin);
  const std::size_t row_bytes = rows.row_bytes();
  auto bytes = std::make_shared<std::vector<std::byte>>((end - begin) * row_bytes);
  for (std::size_t i = begin; i < end; ++i)
    std::memcpy(bytes->data() + (i - begin) * row_bytes, rows.row(i), row_bytes);
  return {MatrixView(bytes->data(), rows.dtype(), end - begin, rows.cols()), bytes};
}

}  // namespace

KvHead::KvHead(std::shared_ptr<const HeadPrefix> prefix, const ContextParams& params)
    : prefix_(std::move(prefix)),
      cluster_params_(cluster_params(params, nullptr)),
      recent_(params.recent),
      sinks_(prefix_->sinks),
      index_(prefix_->index, growth_params(*prefix_, params)),
      base_visible_(prefix_->indexed()),
      base_bytes_(prefix_->index->memory().total()),
      grown_values_(params.capacity * prefix_->values.view.row_bytes()),
      clustered_(params.clusters != 0 && prefix_->clusters.clusters() != 0),
      clusters_(clustered_ ? params.capacity : 0) {
  if (clustered_) {
    clusters_[0] = &prefix_->clusters;
    cluster_count_.store(1, std::memory_order_release);
  }
  const std::size_t copied = sinks_ + base_visible_;
  const std::size_t rows = prefix_->rows() - copied;
  append(CheckedMatrix::trusted(prefix_->keys.view.slice(copied, rows)),
         CheckedMatrix::trusted(prefix_->values.view.slice(copied, rows)));
}

void KvHead::append(const CheckedMatrix& keys, const CheckedMatrix& checked_values) {
  const MatrixView& values = checked_values.view();
  const std::size_t row_bytes = values.row_bytes();
  index_.append(keys);  // checks that there is room
  for (std::size_t i = 0; i < values.rows; ++i) {
    std::memcpy(grown_values_.data() + (grown_ + i) * row_bytes, values.row(i), row_bytes);
  }
  grown_ += values.rows;
}

void KvHead::truncate(std::size_t tokens) {
  const std::size_t ids = ids_of(tokens);
  sinks_ = std::min(sinks_, tokens);
  index_.truncate(ids);
  base_visible_ = std::min(base_visible_, ids);
  grown_ = ids - base_visible_;
  // Clusters of segments that reach into the window go; those of the base are cut: to train them anew takes seconds.
  const std::size_t end = window_begin(tokens);
  std::size_t count = cluster_count_.load(std::memory_order_relaxed);
  while (count > 1 && clusters_[count - 1]->ids().end > end) --count;
  owned_.resize(std::min(owned_.size(), count));
  if (count == 1 && clusters_[0]->ids().end > end) {
    auto cut = std::make_unique<const KeyClusters>(
        cut_clusters(*clusters_[0], static_cast<KeyId>(end), prefix_->index->keys(), values(ids).base));
    clusters_[0] = cut.get();
    owned_.clear();
    owned_.push_back(std::move(cut));
  }
  cluster_count_.store(count, std::memory_order_release);
}

std::size_t KvHead::searched_end() const noexcept {
  if (!clustered_) return index_.sealed();
  return clusters_[cluster_count_.load(std::memory_order_acquire) - 1]->ids().end;
}

std::size_t KvHead::sealable(std::size_t tokens) const noexcept {
  if (prefix_->choice.kind == HeadKind::flat) return 0;
  const std::size_t end = window_begin(tokens);
  return end - std::min(end, searched_end());
}

void KvHead::seal(std::size_t count, Executor& executor) {
  const std::size_t begin = searched_end();
  std::size_t end = begin + count;
  if (end > index_.sealed()) {
    index_.seal(end, executor);
    end = std::min(end, index_.sealed());  // segments may be of whole units only
  }
  if (!clustered_ || end <= begin) return;
  ClusterParams params = cluster_params_;
  params.clusters = segment_clusters(end - begin);
  params.executor = &executor;
  const SharedMatrix keys = together(index_.keys(), begin, end);
  const SharedMatrix values = together(this->values(end), begin, end);
  push_clusters(std::make_unique<const KeyClusters>(CheckedMatrix::trusted(keys), CheckedMatrix::trusted(values),
                                                    static_cast<KeyId>(begin), params));
}

// Of half as many keys as those of the prefix have: every decode reads them all, and a context may grow by many
// segments, whose keys matter somewhat more, being nearer.
std::uint32_t KvHead::segment_clusters(std::size_t count) const noexcept {
  const std::size_t of_prefix = 2 * count * prefix_->clusters.clusters() / std::max<std::size_t>(1, prefix_->indexed());
  return static_cast<std::uint32_t>(std::clamp<std::size_t>(of_prefix, 1, cluster_params_.clusters));
}

void KvHead::push_clusters(std::unique_ptr<const KeyClusters> clusters) {
  const std::size_t count = cluster_count_.load(std::memory_order_relaxed);
  clusters_[count] = clusters.get();
  owned_.push_back(std::move(clusters));
  cluster_count_.store(count + 1, std::memory_order_release);
}

SplitRows KvHead::values(std::size_t ids) const noexcept {
  const MatrixView& all = prefix_->values.view;
  const std::size_t base = std::min(ids, base_visible_);
  return {all.slice(prefix_->sinks, base), MatrixView(grown_values_.data(), all.dtype, ids - base, all.cols)};
}

KvHead::View KvHead::view(std::size_t tokens) const noexcept {
  View view;
  const std::size_t ids = ids_of(tokens);
  view.sinks = tokens - ids;
  view.window = window_begin(tokens);
  view.values = values(ids);
  view.keys = index_.keys();
  view.keys.base.rows = std::min(view.keys.base.rows, ids);
  view.keys.grown.rows = ids - view.keys.base.rows;
  if (prefix_->choice.kind == HeadKind::flat) return view;
  if (!clustered_) {
    view.searched = std::min(view.window, index_.sealed());
    return view;
  }
  // A seal may have taken tokens since `tokens` were counted: its clusters would stand for keys of the window, which
  // are attended exactly, and for keys that came later.
  std::size_t count = cluster_count_.load(std::memory_order_acquire);
  while (count > 0 && clusters_[count - 1]->ids().end > view.window) --count;
  view.clusters = {clusters_.data(), count};
  view.searched = count == 0 ? 0 : clusters_[count - 1]->ids().end;
  return view;
}

HeadReport KvHead::report(std::size_t tokens) const {
  HeadReport report;
  report.kind = to_string(prefix_->choice.kind);
  report.reason = prefix_->choice.reason;
  const std::size_t ids = ids_of(tokens);
  report.base_tokens = std::min(ids, index_.base_size());
  report.sealed_tokens = std::min(ids, index_.sealed()) - report.base_tokens;
  report.unsealed_tokens = ids - report.base_tokens - report.sealed_tokens;
  report.memory = memory(tokens);
  return report;
}

MemoryUse KvHead::memory(std::size_t tokens) const {
  MemoryUse use = prefix_->index->memory();
  const MemoryUse grown = index_.memory();
  use.parts.insert(use.parts.end(), grown.parts.begin(), grown.parts.end());
  const std::size_t ids = ids_of(tokens);
  use.parts.emplace_back("clusters", cluster_bytes());
  use.parts.emplace_back("grown values", (ids - std::min(ids, base_visible_)) * prefix_->values.view.row_bytes());
  return use;
}

std::size_t KvHead::held_bytes(std::size_t sealed) const noexcept {
  const std::size_t grown = index_.size() - base_visible_;
  return base_bytes_ + grown * token_bytes() + std::max(sealed_bytes(), sealed);
}

// The prefix holds its clusters even where a truncation has put cut ones in their place.
std::size_t KvHead::cluster_bytes() const noexcept {
  std::size_t bytes = prefix_->clusters.bytes();
  const std::size_t count = cluster_count_.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < count; ++i) {
    if (clusters_[i] != &prefix_->clusters) bytes += clusters_[i]->bytes();
  }
  return bytes;
}

std::size_t KvHead::segment_bytes(std::size_t count) const noexcept {
  if (count == 0) return 0;
  const std::size_t of_index = index_.segment_bytes(searched_end() + count);
  if (!clustered_) return of_index;
  const MatrixView& keys = prefix_->keys.view;
  return of_index +
         KeyClusters::most_bytes(count, segment_clusters(count), keys.cols, prefix_->values.view.cols, keys.dtype);
}

}  // namespace rattan
