// Where the keys and queries of one synthetic head lie before RoPE: means, spreads, and which rotary pairs carry what.
// The dials and what they do are in synthetic.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "datasets/synthetic_spec.h"

namespace rattan::datasets {

// Rotary pairs by what they carry. The slow half carries meaning, since only slow pairs agree over long distances.
struct PairRoles {
  std::vector<std::size_t> strong;   // a few of the slowest: most of the mean query; keys hardly vary there
  std::vector<std::size_t> content;  // other slow pairs: topics, segments, words; what queries tell keys apart by
  std::vector<std::size_t> local;    // middle pairs: mean query and mean key agree at short distances
  std::vector<std::size_t> own;      // middle pairs where keys vary by topic and word and queries do not look
};

PairRoles draw_pair_roles(std::size_t dim, std::uint64_t seed);

struct HeadGeometry {
  std::vector<std::size_t> content_dims;
  std::vector<std::size_t> own_dims;

  std::vector<std::vector<float>> mean_queries;  // per query head
  std::vector<float> mean_key;
  std::vector<float> key_noise;                    // standard deviation per dim
  double query_noise = 0;                          // the same for every dim
  double own_gain = 0;                             // norm of what keys vary by in own_dims
  std::vector<float> key_profile;                  // gain per content dim
  std::vector<std::vector<float>> query_profiles;  // gain per query head and content dim
};

HeadGeometry draw_geometry(const SyntheticParams& params, std::uint64_t seed);

}  // namespace rattan::datasets
