// One KV head as the golden figures see it: the graph is built from prefill queries and asked with the decode rows that
// follow, step by step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "datasets/qkv_dump.h"
#include "rattan/index.h"
#include "rattan/results.h"

namespace rattan::test {

struct HeadSetting {
  std::uint32_t sinks;     // first keys, not indexed
  std::uint32_t recent;    // last keys of the prefill, not indexed
  std::size_t query_step;  // every how many prefill query rows of each head make links
  std::uint32_t links_k;
  std::uint32_t k;
  std::size_t steps;  // decode steps, from the first
  bool fill = true;   // GraphBuildParams::fill_nearest
};

enum class Walking { single, group, group_started, group_started_keys };  // the last without codes
const char* to_string(Walking walking);

struct Figures {
  double recall;           // mean recall@k over the query rows
  double keys_per_query;   // keys read in full per query row; one read for a group counts once
  double codes_per_query;  // keys scored by code, likewise
};

class HeadRuns {
 public:
  HeadRuns(datasets::KvGroup group, const HeadSetting& setting);

  std::size_t keys() const noexcept { return index_->size(); }
  Figures run(Walking walking, std::uint32_t beam_width) const;

 private:
  datasets::KvGroup group_;
  HeadSetting setting_;
  std::vector<SharedMatrix> steps_;    // one [heads, d] per decode step
  std::vector<NeighborTable> truths_;  // one per step
  std::unique_ptr<Index> index_;
};

}  // namespace rattan::test
