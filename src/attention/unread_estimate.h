// The softmax weights of keys that a search has not retrieved, estimated by the clusters that hold them.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "attention/logits.h"
#include "attention/row_weights.h"
#include "clusters/key_clusters.h"
#include "core/aligned.h"
#include "rattan/matrix.h"
#include "scan/scorer.h"

namespace rattan {

// For a group of query rows, which share the centroids' scores. One object serves one decode step after the other and
// owns its buffers: they grow once, then nothing is allocated. One per thread.
class UnreadEstimate {
 public:
  // queries: [1.., d]. clusters: base and segments, disjoint id ranges, borrowed until the next call; may be empty.
  // Under a cap everything is in capped scores, those of retrieved keys too. What is known of a cluster's scores is
  // their mean and variance; those of the capped ones are taken as of a Gaussian.
  void prepare(MatrixView queries, std::span<const KeyClusters* const> clusters, const Logits& logits);

  // Nothing stands for unread keys.
  bool empty() const noexcept { return count_ == 0; }
  std::span<const KeyClusters* const> clusters() const noexcept { return clusters_; }
  double scale() const noexcept { return scale_; }

  // The weights of what was retrieved for a row and, by estimate, of the clusters' other keys. The retrieved are taken
  // for the best: no unread key is estimated above the worst of them. Reads neither keys nor values. Throws
  // Error(invalid_argument) as checked() does.
  void weigh(std::size_t row, const Retrieved& retrieved, RowWeights& weights);

 private:
  void cap_moments(std::size_t rows, float cap);
  void score_clusters(MatrixView queries, std::size_t block, std::size_t first);
  void take_out(std::size_t row, const Retrieved& keys, std::span<std::uint32_t> cluster_ids);
  float bound(std::size_t row, std::span<const float> retrieved) const;
  void estimate_scores(std::size_t row, float bound, std::span<float> unread);
  void sum_up(RowWeights& weights) const;
  const float* slopes(std::size_t row) const noexcept { return slopes_.data() + (capped_ ? row * count_ : 0); }
  std::uint32_t cluster_of(KeyId id) const;
  template <typename Visit>
  void each_block(std::size_t row, const Visit& visit) const;

  std::span<const KeyClusters* const> clusters_;
  double scale_ = 1;
  bool capped_ = false;
  std::size_t count_ = 0;  // clusters in all

  // By row.
  AlignedVector<float> scores_;   // of centroids, [rows, clusters]
  std::vector<float> variances_;  // of scores of a cluster whose spread is 1, [rows, blocks]
  std::vector<float> cap_points_;
  std::vector<float> slopes_;  // by which a cap multiplies variances, [rows, clusters]; without a cap [clusters], of 1

  // Of the row that is weighed, by cluster.
  std::vector<float> unread_keys_;  // their number
  std::vector<float> sums_;         // of retrieved scores less the centroid's
  std::vector<float> squares_;      // of the same
  std::vector<float> limits_;       // the most that one such square may be
  std::vector<float> noise_;        // estimated variance of the logits of unread keys

  PreparedQueries prepared_;
  std::vector<const void*> rows_;
  std::vector<float> products_;  // of a row and a covariance
};

}  // namespace rattan
