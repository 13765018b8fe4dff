// Attention over the keys a search has retrieved and an estimate of those it has not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "clusters/key_clusters.h"
#include "core/split_rows.h"
#include "rattan/attention.h"
#include "scan/aligned_floats.h"
#include "scan/scorer.h"

namespace rattan {

// What was retrieved for one query row: distinct ids, with their scores, unscaled. Entries from the first no_key on are
// left out. They are taken for the best keys: no unread key is estimated above the worst of them.
struct Retrieved {
  std::span<const KeyId> ids;
  std::span<const float> scores;
};

// Buffers that calls reuse: once they have grown nothing is allocated. One per thread.
struct EstimateScratch {
  PreparedQueries queries;
  std::vector<const void*> rows;
  AlignedFloats scores;                 // of centroids, [query rows, clusters]
  std::vector<float> variances;         // of scores, [query rows, blocks]
  std::vector<float> products;          // of a row and a covariance
  std::vector<float> spreads;           // variance of each cluster's scores
  std::vector<float> counts;            // keys of each cluster
  std::vector<float> unread;            // the same without the retrieved
  std::vector<float> sums;              // of retrieved scores less the centroid's
  std::vector<float> squares;           // of the same
  std::vector<float> weights;           // estimated, of a key of each cluster
  std::vector<float> noise;             // estimated variance of the logits of each cluster's unread keys
  std::vector<float> masses;            // weight * unread
  std::vector<float> cluster_weights;   // of mean values that are read
  std::vector<float> found;             // weights of retrieved keys
  std::vector<std::uint32_t> clusters;  // of retrieved keys; no_key where none holds it
};

// The estimate of a group of query rows that share the centroids' scores. Made per decode step.
class UnreadEstimate {
 public:
  // queries: [1..8, d]. clusters: base and blocks, disjoint id ranges; may be empty. Borrows all arguments. scale > 0.
  UnreadEstimate(MatrixView queries, std::span<const KeyClusters* const> clusters, double scale,
                 EstimateScratch& scratch);

  // Estimated natural-log sum of exp(scale * score) over the keys of the clusters that are not retrieved; -infinity
  // where there are none. Reads neither keys nor values. values: their number bounds the ids.
  float unread(std::size_t row, const Retrieved& retrieved, std::size_t keys) const;

  // How far unread() may be from the truth in the output: natural log of the root of the sum over the unread keys of
  // the estimated variance of their exp(scale * score), as if they erred independently. -infinity where nothing is
  // unread.
  float uncertainty(std::size_t row, const Retrieved& retrieved, std::size_t keys) const;

  // Attention over the retrieved keys exactly and over the clusters' others by estimate; without clusters over the
  // retrieved alone. values: rows by id. Returns what unread() does.
  float attend(std::size_t row, const Retrieved& retrieved, const SplitRows& values, AttentionPart& part) const;

 private:
  struct Weights {
    std::size_t found = 0;  // retrieved keys
    float top = 0;          // the score that weighs 1; -infinity where there are no keys
    double found_sum = 0;
    double unread_sum = 0;
    double unread_variance = 0;
  };
  Weights weigh(std::size_t row, const Retrieved& retrieved, std::size_t keys) const;
  void score_block(MatrixView queries, const KeyClusters& block, std::size_t index, std::size_t first);
  void lay_out_clusters(std::size_t row) const;
  void take_out(const float* scores, const Retrieved& retrieved) const;
  float bound(const float* scores, std::span<const float> retrieved) const;
  std::uint32_t cluster_of(KeyId id) const;
  float negligible_mass(const Weights& weights) const;
  float unread_lse(const Weights& weights) const;
  void add_clusters(float least, std::span<float> output) const;

  std::span<const KeyClusters* const> clusters_;
  double scale_;
  EstimateScratch& scratch_;
  std::size_t count_ = 0;  // clusters in all
};

// The same for every row of the group: parts[i] and unread[i] are row i's. Throws Error(invalid_argument) for shapes
// that disagree, an id outside `values`, NaN or +infinity in a score.
void attend_retrieved(MatrixView queries, SplitRows values, std::span<const Retrieved> retrieved,
                      std::span<const KeyClusters* const> clusters, double scale, std::span<AttentionPart> parts,
                      std::span<float> unread, EstimateScratch& scratch);

}  // namespace rattan
