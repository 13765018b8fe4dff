#include "context/generation.h"

#include <algorithm>
#include <utility>

#include "clusters/cluster_cut.h"
#include "core/grown_rows.h"
#include "index/segment_merge.h"

namespace rattan {
namespace {

GrowthParams growth_params(const HeadIndex& base, const ContextParams& params) {
  GrowthParams growth;
  // After a truncation below the base as many more may grow as the base has lost.
  growth.capacity = std::min<std::size_t>(params.capacity + base.indexed(), no_key);
  growth.graph = params.graph;
  growth.graph.seed = params.seed;
  return growth;
}

}  // namespace

Generation::Generation(std::shared_ptr<const HeadIndex> base, const ContextParams& params)
    : base_(std::move(base)),
      cluster_params_(cluster_params(params, nullptr)),
      base_bytes_(base_->index->memory().total()),
      index_(base_->index, growth_params(*base_, params)),
      clustered_(params.clusters != 0 && base_->clusters.clusters() != 0) {
  if (clustered_) add_clusters({base_, &base_->clusters});
}

std::size_t Generation::searched_end() const noexcept {
  if (choice().kind == HeadKind::flat) return 0;
  if (!clustered_) return index_.sealed();
  return clusters_.back()->ids().end;
}

std::span<const KeyClusters* const> Generation::clusters(std::size_t window) const noexcept {
  // A seal may have taken tokens since a reader counted them: its clusters would stand for keys of the reader's window,
  // which are attended exactly, and for keys that came later.
  std::size_t count = clusters_.size();
  while (count > 0 && clusters_[count - 1]->ids().end > window) --count;
  return {clusters_.data(), count};
}

std::size_t Generation::searched(std::size_t window) const noexcept {
  if (choice().kind == HeadKind::flat) return 0;
  if (!clustered_) return std::min(window, index_.sealed());
  const auto whole = clusters(window);
  return whole.empty() ? 0 : whole.back()->ids().end;
}

void Generation::seal(const SplitRows& keys, const SplitRows& values, std::size_t count, const MatrixView& queries,
                      Executor& executor) {
  const std::size_t begin = searched_end();
  std::size_t end = begin + count;
  if (end > index_.sealed()) {
    index_.seal(keys, end, queries, executor);
    end = std::min(end, index_.sealed());  // segments may be of whole units only
  }
  if (!clustered_ || end <= begin) return;
  // So few keys say little of a covariance, and a decode would read another one: the block before lends its own.
  cluster(keys, values, {static_cast<KeyId>(begin), static_cast<KeyId>(end)}, segment_clusters(end - begin),
          clusters_.back(), executor);
}

bool Generation::merges() const {
  return index_.merge_begin() != index_.sealed() || (clustered_ && cluster_merge_begin() != searched_end());
}

// Blocks of clusters end where segments do, or earlier: a truncation takes more of them.
std::size_t Generation::cluster_merge_begin() const {
  std::vector<std::size_t> ends;
  for (const KeyClusters* const clusters : std::span(clusters_).subspan(1)) ends.push_back(clusters->ids().end);
  return merge_begin(clusters_.front()->ids().end, ends);
}

void Generation::merge(const SplitRows& keys, const SplitRows& values, MatrixView queries, Executor& executor) {
  index_.merge(keys, queries, executor);
  const IdRange merged{clustered_ ? static_cast<KeyId>(cluster_merge_begin()) : 0, static_cast<KeyId>(searched_end())};
  if (!clustered_ || merged.begin == merged.end) return;
  // The base's stay, also where a truncation has left none of their keys.
  while (clusters_.size() > 1 && clusters_.back()->ids().begin >= merged.begin) {
    clusters_.pop_back();
    owned_.pop_back();
  }
  cluster(keys, values, merged, share_of_clusters(merged.end - merged.begin, merged.end), nullptr, executor);
}

void Generation::cluster(const SplitRows& keys, const SplitRows& values, IdRange ids, std::uint32_t clusters,
                         const KeyClusters* alike, Executor& executor) {
  ClusterParams params = cluster_params_;
  params.clusters = clusters;
  params.executor = &executor;
  params.alike = alike;
  add_clusters(std::make_shared<const KeyClusters>(CheckedMatrix::trusted(in_one_place(keys, ids.begin, ids.end)),
                                                   CheckedMatrix::trusted(in_one_place(values, ids.begin, ids.end)),
                                                   ids.begin, params));
}

// As a build over the first `end` ids would have of so many keys: no more than a build has in all, whatever has grown.
std::uint32_t Generation::share_of_clusters(std::size_t keys, std::size_t end) const noexcept {
  const std::size_t of_base = keys * base_->clusters.clusters() / std::max<std::size_t>(1, base_->indexed());
  const std::size_t of_all = keys * cluster_params_.clusters / std::max<std::size_t>(1, end);
  return static_cast<std::uint32_t>(std::clamp<std::size_t>(std::min(of_base, of_all), 1, cluster_params_.clusters));
}

// Each stands for half as many keys as one of the base does: the keys matter somewhat more, being nearer.
std::uint32_t Generation::segment_clusters(std::size_t count) const noexcept {
  return share_of_clusters(2 * count, searched_end() + count);
}

void Generation::add_clusters(std::shared_ptr<const KeyClusters> clusters) {
  owned_.push_back(std::move(clusters));
  clusters_.push_back(owned_.back().get());
}

void Generation::truncate(std::size_t end, std::size_t window, const SplitRows& keys, const SplitRows& values) {
  index_.truncate(end);
  // Clusters of segments that reach into the window go; those of the base are cut: to train them anew takes seconds.
  while (clusters_.size() > 1 && clusters_.back()->ids().end > window) {
    clusters_.pop_back();
    owned_.pop_back();
  }
  if (clusters_.size() != 1 || clusters_[0]->ids().end <= window) return;
  owned_[0] = std::make_shared<const KeyClusters>(cut_clusters(*clusters_[0], static_cast<KeyId>(window),
                                                               in_one_place(keys, 0, window).view,
                                                               in_one_place(values, 0, window).view));
  clusters_[0] = owned_[0].get();
}

// The base holds its clusters even where a truncation has put cut ones in their place.
std::size_t Generation::cluster_bytes() const noexcept {
  std::size_t bytes = base_->clusters.bytes();
  for (const KeyClusters* clusters : clusters_) {
    if (clusters != &base_->clusters) bytes += clusters->bytes();
  }
  return bytes;
}

std::size_t Generation::segment_bytes(std::size_t count) const noexcept {
  if (count == 0) return 0;
  const std::size_t of_index = index_.segment_bytes(searched_end() + count);
  if (!clustered_) return of_index;
  return of_index + KeyClusters::most_bytes(count, segment_clusters(count), base_->index->dim(),
                                            base_->clusters.mean_values().cols, base_->index->keys().dtype);
}

MemoryUse Generation::memory() const {
  MemoryUse use = base_->index->memory();
  const MemoryUse grown = index_.memory();
  use.parts.insert(use.parts.end(), grown.parts.begin(), grown.parts.end());
  use.parts.emplace_back("clusters", cluster_bytes());
  return use;
}

}  // namespace rattan
