// The geometry of one made KV head: where its keys and queries lie before RoPE, and how what the text says at a
// position moves them. The dials and what they do are in synthetic.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "datasets/synthetic.h"
#include "datasets/synthetic_rope.h"
#include "datasets/synthetic_text.h"
#include "rattan/executor.h"

namespace rattan::datasets {

// Which rotary pairs carry what. The slow half carries meaning, since only slow pairs agree over long distances.
struct PairRoles {
  std::vector<std::size_t> strong;   // a few of the slowest: most of the mean query; keys hardly vary there
  std::vector<std::size_t> content;  // other slow pairs: topics, segments, words; what queries tell keys apart by
  std::vector<std::size_t> local;    // middle pairs: mean query and mean key agree at short distances
  std::vector<std::size_t> own;      // middle pairs where keys vary by topic and word and queries do not look
};

PairRoles draw_pair_roles(std::size_t dim, std::uint64_t seed);

// A latent vector per topic, segment or word.
class LatentTable {
 public:
  LatentTable() = default;
  LatentTable(std::uint64_t seed, std::size_t rows, std::size_t dims);  // rows of expected norm 1
  const float* row(std::size_t i) const noexcept { return values_.data() + i * dims_; }

 private:
  std::size_t dims_ = 0;
  std::vector<float> values_;
};

// Rows are made one at a time, by position, from counter-based random numbers: any thread can make any row.
class SyntheticHead {
 public:
  static constexpr std::size_t sinks = 4;

  SyntheticHead(const SyntheticParams& params, std::size_t head, Executor& executor);

  // `out` has dim elements; after RoPE.
  void key(std::size_t position, float* out) const;
  void query(std::size_t query_head, std::size_t position, float* out) const;
  void value(std::size_t position, float* out) const;

 private:
  void draw_means();
  void draw_profiles();
  void place_sinks(Executor& executor);
  std::vector<double> typical_lse(const std::vector<float>& queries, Executor& executor) const;
  std::size_t sample_position(std::size_t i) const noexcept;
  void ordinary_key(std::size_t position, float* out) const;

  SyntheticParams params_;
  std::uint64_t seed_;
  double unit_;  // norms are stated for dim 128 and grow with sqrt(dim)
  Rope rope_;
  SyntheticText text_;
  PairRoles roles_;
  std::vector<std::size_t> content_dims_;
  std::vector<std::size_t> own_dims_;

  std::vector<std::vector<float>> mean_queries_;  // per query head, before RoPE
  std::vector<float> mean_key_;
  std::vector<float> key_noise_;                    // standard deviation per dim
  std::vector<float> key_profile_;                  // per content dim
  std::vector<std::vector<float>> query_profiles_;  // per query head and content dim

  LatentTable topics_, segments_, words_;      // content dims
  LatentTable own_topics_, own_words_;         // own dims
  LatentTable value_topics_, value_words_;     // all dims
  std::vector<std::vector<float>> sink_keys_;  // before RoPE
};

}  // namespace rattan::datasets
