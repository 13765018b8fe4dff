// Attention of the held-out decode steps of one KV head with some of its keys retrieved: by the library's fp32 parts,
// judged by float64.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "attention/retrieved_part.h"
#include "bench/inputs/problem.h"
#include "clusters/key_clusters.h"
#include "evaluate/exact_softmax.h"
#include "rattan/executor.h"
#include "rattan/results.h"

namespace rattan::bench {

struct AttendSetting {
  std::uint32_t k = 100;  // keys per query row; of an epsilon budget the fewest, and the first width of the search
  std::optional<double> epsilon =
      std::nullopt;             // a budget of mass instead of a fixed k: widths grow fourfold until it is met
  std::uint32_t most_k = 8192;  // widest search of an epsilon budget
  bool estimate = false;        // whether the unread keys are estimated or left out
};

// Means over all query rows.
struct AttendOutcome {
  double keys = 0;            // retrieved keys attended to
  double mass = 0;            // their share of the indexed keys' softmax mass
  double unread = 0;          // share of the softmax of all visible keys that was not read
  double output_error = 0;    // |o - o'| / |o|; NaN without values
  double estimate_error = 0;  // |estimated - true| of the unread keys' log mass; NaN where nothing is estimated
};

// The k best keys of every query row, from an index or exactly.
using Retrieve = std::function<NeighborTable(std::uint32_t k)>;

class AttendRun {
 public:
  // clusters: of the indexed keys, made where `with_clusters`: for estimates and epsilon budgets. Borrows the problem.
  AttendRun(const HeadProblem& problem, bool with_clusters, std::uint32_t clusters, std::uint64_t seed,
            Executor& executor);

  // Found tables are kept: settings share searches of one width.
  AttendOutcome run(const AttendSetting& setting, const Retrieve& retrieve);

  // What `retrieve` found for k, asked once; stands until the next width is asked.
  const NeighborTable& found(std::uint32_t k, const Retrieve& retrieve);

 private:
  Retrieved choose(std::size_t row, const AttendSetting& setting, const UnreadEstimate& tail, const Retrieve& retrieve);
  AttentionPart window(std::size_t row, std::vector<float>& output) const;
  void judge(std::size_t row, const Retrieved& chosen, bool with_estimate, const UnreadEstimate& tail,
             AttendOutcome& sums);

  const HeadProblem& problem_;
  MatrixView values_;  // of the indexed keys; the keys where there are none
  KeyClusters clusters_;
  ExactSoftmax exact_;
  std::vector<std::pair<std::uint32_t, NeighborTable>> found_;
  EstimateScratch scratch_;
  AttentionScratch attention_scratch_;
};

}  // namespace rattan::bench
