// Clusters of keys that stand for those a decode step does not read: each is its centroid's softmax weight times the
// number, and the sum of values, of its unread keys. RetroInfer (arXiv 2505.02922) estimates so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "core/aligned.h"
#include "rattan/executor.h"
#include "rattan/matrix.h"
#include "rattan/types.h"
#include "scan/checked_matrix.h"

namespace rattan {

class KeyClusters;

struct ClusterParams {
  std::uint32_t clusters = 1024;  // 1..65,536; at most one per 16 keys are made
  std::uint32_t iterations = 4;   // more change the output error by less than 1 % (bench/EXPERIMENTS.md section 3)
  std::uint64_t seed = 1;
  Executor* executor = nullptr;  // null: default_executor()
  // Of other keys of the same head, not empty: their covariance is shared, and spreads are relative to it. An estimate
  // over several blocks of clusters then reads one. Null: a covariance of these keys.
  const KeyClusters* alike = nullptr;

  void validate() const;
};

// Keys [first_id, first_id + keys.rows) of a head, clustered by key and value. Immutable; the same bits for any number
// of threads. Nothing of the matrices is kept.
class KeyClusters {
 public:
  KeyClusters() = default;  // no clusters, no keys

  // keys: [n, key dim], values: [n, value dim]. Throws Error(invalid_argument) for another number of values than keys
  // and for more keys than ids.
  KeyClusters(const CheckedMatrix& keys, const CheckedMatrix& values, KeyId first_id, const ClusterParams& params);

  // Of parts taken from other clusters, in the shapes of the members below. Trusted.
  KeyClusters(KeyId first_id, SharedMatrix centroids, SharedMatrix mean_values, SharedMatrix covariance,
              std::vector<float> counts, std::vector<float> spreads, std::vector<std::uint16_t> cluster_ids)
      : first_id_(first_id),
        centroids_(std::move(centroids)),
        mean_values_(std::move(mean_values)),
        covariance_(std::move(covariance)),
        counts_(std::move(counts)),
        spreads_(std::move(spreads)),
        cluster_ids_(std::move(cluster_ids)) {}

  std::size_t clusters() const noexcept { return counts_.size(); }
  IdRange ids() const noexcept { return {first_id_, first_id_ + static_cast<KeyId>(cluster_ids_.size())}; }
  std::uint32_t cluster_of(KeyId id) const noexcept { return cluster_ids_[id - first_id_]; }
  std::span<const std::uint16_t> cluster_ids() const noexcept { return cluster_ids_; }
  std::size_t bytes() const noexcept;  // without a covariance of ClusterParams::alike
  // What bytes() of so many keys will be at most: means that half precision holds take half as much, those of f16
  // always.
  static std::size_t most_bytes(std::size_t keys, std::uint32_t clusters, std::size_t key_dim, std::size_t value_dim,
                                DType dtype) noexcept;

  MatrixView centroids() const noexcept { return centroids_.view; }      // means of keys, [clusters, key dim]
  MatrixView mean_values() const noexcept { return mean_values_.view; }  // [clusters, value dim]
  std::span<const float> counts() const noexcept { return counts_; }     // keys of each cluster

  // Within a cluster scores of a query q vary by about spreads()[c] * q^T covariance() q: the covariance within
  // clusters is one for all, [key dim, key dim] in fp32, and a cluster has a share of it, 1 on average of the keys that
  // it was made of.
  MatrixView covariance() const noexcept { return covariance_.view; }
  const SharedMatrix& shared_covariance() const noexcept { return covariance_; }
  bool has_covariance_of(const KeyClusters& other) const noexcept {
    return covariance_.view.data == other.covariance_.view.data;
  }
  std::span<const float> spreads() const noexcept { return spreads_; }

 private:
  KeyId first_id_ = 0;
  SharedMatrix centroids_;
  SharedMatrix mean_values_;
  SharedMatrix covariance_;
  std::vector<float> counts_;
  std::vector<float> spreads_;
  std::vector<std::uint16_t> cluster_ids_;  // by key
  bool owns_covariance_ = true;
};

}  // namespace rattan
