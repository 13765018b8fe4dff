// The halves of two builds that other libraries do, FAISS and hnswlib, and how an index is made of them. Only
// src/baselines calls those libraries; everything here needs none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "rattan/exact_topk.h"
#include "rattan/index.h"
#include "rattan/params.h"

namespace rattan::detail {

// Gives `lists` centroids of `dim` floats each, by k-means over `rows` sample vectors (fp32, `lists` <= `rows`). Points
// are assigned by `exact`: to the nearest centroid, or, spherical, to the centroid of largest cosine, which then has
// norm 1. Deterministic if `exact` is.
using TrainCentroids = std::vector<float> (*)(const float* sample, std::size_t rows, std::size_t dim,
                                              std::uint32_t lists, const IvfBuildParams& params,
                                              const ExactTopK& exact);

// Distance of two keys: their score, negated. Any number of threads may ask at once.
class KeyDistance {
 public:
  virtual ~KeyDistance() = default;
  virtual float between(KeyId a, KeyId b) const = 0;
};

// The links of an HNSW over the keys 0, 1, ..., n - 1.
class HnswLinks {
 public:
  virtual ~HnswLinks() = default;
  virtual KeyId entry() const = 0;                   // a key of the highest level
  virtual std::uint32_t level(KeyId key) const = 0;  // the highest that the key stands on; it stands on all below
  // Writes the key's links on a level that it stands on; at most max_degree of them, on level 0 twice as many.
  virtual void links(KeyId key, std::uint32_t level, std::vector<KeyId>& into) const = 0;
};

// Inserts the keys of `order`, which is not empty. With more than one worker of params.executor the inserts run at once
// and the result depends on timing; with one it depends on the arguments alone.
using InsertKeys = std::unique_ptr<HnswLinks> (*)(std::span<const KeyId> order, const KeyDistance& distance,
                                                  const HnswBuildParams& params);

// build_ivf and build_hnsw of rattan/baselines.h over these halves, which are called where there is a key. What they
// throw passes through. Exported for the library of the baselines.
#pragma GCC visibility push(default)
std::unique_ptr<Index> build_ivf(SharedMatrix keys, Metric metric, const IvfBuildParams& params, TrainCentroids train,
                                 BuildStats* stats);
std::unique_ptr<Index> build_hnsw(SharedMatrix keys, Metric metric, const HnswBuildParams& params, InsertKeys insert,
                                  BuildStats* stats);
#pragma GCC visibility pop

}  // namespace rattan::detail
