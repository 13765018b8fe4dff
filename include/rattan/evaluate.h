// Recall with ties by score, attention mass, output error, and how far queries lie from keys.
// Everything here is computed in float64 and is meant for benchmarks and tests, not for decoding.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "rattan/executor.h"
#include "rattan/matrix.h"
#include "rattan/results.h"

#pragma GCC visibility push(default)

namespace rattan {

// recall@k per row: of the truth's k neighbours (fewer where the truth row is shorter), the share that `found` reaches.
// A key found twice counts once. A truth row without neighbours has recall 1. Ties count by score: besides the truth's
// own keys, a found key whose score ties with the truth's k-th may stand for a tied one. A tie is a difference of at
// most 1e-6 of the row's largest |score|, the rounding between two fp32 summation orders. A key that is not in the
// truth and scores higher than a tie was scored with less precision and does not count.
// Requires: both tables of one metric and one number of rows; found.k() may be below truth.k().
std::vector<double> recall_per_row(const NeighborTable& found, const NeighborTable& truth);

double mean_recall(const NeighborTable& found, const NeighborTable& truth);  // 1 for no rows

// What attending to `found` keys instead of all keys costs, one entry per query row.
struct AttentionQuality {
  // Share of the indexed keys' softmax mass that the found keys hold, 0..1; 1 where a row sees no indexed key.
  std::vector<double> mass;
  // |o - o'| / |o|, o over all visible keys, o' over window and found keys (or zeros). 0 / 0 is 0, else infinity.
  std::vector<double> output_error;
};

// Rows [indexed.begin, indexed.end) of the keys are in the index; `found` ids count from there. Other rows up to
// positions[i] (sinks, window, unsealed keys) are exact on both sides. `values` without rows: output_error is empty.
// Requires: keys, values: [n, d] of one KV head; queries: [rows, d]; logits are scale * <q, k>.
// Throws: Error(invalid_argument) for shapes that disagree, a found id outside the index or after its row's position, a
// position outside the keys, NaN or infinity in the logits.
AttentionQuality attention_quality(MatrixView queries, MatrixView keys, MatrixView values,
                                   std::span<const std::int64_t> positions, IdRange indexed, double scale,
                                   const NeighborTable& found, Executor* executor = nullptr);

// The same with the exact side, which is nearly all of the cost, computed once for many `found` tables. Borrows the
// matrices; copies the positions. The same bits for any number of threads.
class ExactAttention {
 public:
  ExactAttention(MatrixView queries, MatrixView keys, MatrixView values, std::span<const std::int64_t> positions,
                 IdRange indexed, double scale, Executor* executor = nullptr);
  ~ExactAttention();
  ExactAttention(ExactAttention&&) noexcept;
  ExactAttention& operator=(ExactAttention&&) noexcept;

  AttentionQuality quality(const NeighborTable& found, Executor* executor = nullptr) const;

 private:
  struct [[gnu::visibility("hidden")]] State;
  std::unique_ptr<State> state_;
};

// Statistics of one query head against its keys, as datasets/README.md section 4 tabulates them.
struct HeadStatistics {
  double far_mass = 0;             // mean share of softmax mass outside sinks and recent window
  double n90 = 0;                  // median number of far keys that hold 90 % of the far mass
  double top100 = 0;               // mean share of the far mass in the best 100 far keys
  double mahalanobis_queries = 0;  // median Mahalanobis distance of queries to the keys
  double mahalanobis_keys = 0;     // the same of keys to the keys
  double mean_cosine = 0;          // cosine of mean query and mean key
  double concentration = 0;        // |mean query| / rms query norm, as stored (after RoPE)
  double query_norm = 0;           // rms
  double key_norm = 0;             // rms
};

// queries: decode rows [rows, d] at `positions`; keys [n, d]; far keys are [sinks, position - recent]. The Mahalanobis
// metric is that of the keys' covariance (a ridge of 1e-6 of its mean eigenvalue keeps constant channels harmless); for
// keys and queries at most 4,096 evenly spaced rows are measured.
HeadStatistics head_statistics(MatrixView queries, MatrixView keys, std::span<const std::int64_t> positions,
                               std::uint32_t sinks, std::uint32_t recent, double scale, Executor* executor = nullptr);

}  // namespace rattan

#pragma GCC visibility pop
