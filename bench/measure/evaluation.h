// What one setting of one index reaches on one KV head, and what it reads for that.
#pragma once

#include <cstdint>

namespace rattan::bench {

struct Evaluation {
  std::uint32_t setting = 0;     // probes or beam width; 0 where the kind has none
  double recall = 0;             // mean over all query rows
  double recall_worst_head = 0;  // mean over the rows of the worst query head
  // Means over the steps. A group search counts a key read for several heads once; separate searches add up.
  double keys_per_step = 0;
  // Means over steps and query heads: the step's figure divided by the heads.
  double keys_per_query = 0;
  double bytes_per_query = 0;
  double centroids_per_query = 0;
  double codes_per_query = 0;  // keys scored by code
  double expansions_per_query = 0;
};

}  // namespace rattan::bench
