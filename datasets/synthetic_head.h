// One synthetic KV head: how what the text says at a position moves keys, queries and values away from their means.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "datasets/synthetic_geometry.h"
#include "datasets/synthetic_rope.h"
#include "datasets/synthetic_spec.h"
#include "datasets/synthetic_text.h"
#include "rattan/executor.h"

namespace rattan::datasets {

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
  void place_sinks(Executor& executor);
  std::vector<double> typical_lse(const std::vector<float>& queries, Executor& executor) const;
  std::size_t sample_position(std::size_t i) const noexcept;
  void ordinary_key(std::size_t position, float* out) const;

  SyntheticParams params_;
  std::uint64_t seed_;
  Rope rope_;
  SyntheticText text_;
  HeadGeometry geometry_;

  LatentTable topics_, segments_, words_;      // content dims
  LatentTable own_topics_, own_words_;         // own dims
  LatentTable value_topics_, value_words_;     // all dims
  std::vector<std::vector<float>> sink_keys_;  // before RoPE
};

}  // namespace rattan::datasets
