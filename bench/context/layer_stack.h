// The layers of a synthetic model in memory: some of their own keys, values and queries, the others copies of those at
// addresses of their own, so that a decoder that walks through them finds none in its caches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "bench/inputs/data_source.h"
#include "rattan/matrix.h"

namespace rattan::bench {

struct StackOptions {
  std::size_t kv_heads = 2;             // of one layer: consecutive heads of the data
  std::size_t depth = 32;               // layers wanted
  std::uint64_t bytes = 8'000'000'000;  // that keys and values may take; fewer layers where they would take more
  std::optional<DType> keys_as = std::nullopt;
  std::optional<DType> queries_as = std::nullopt;
};

struct StackLayer {
  std::size_t original = 0;  // the layer of the data that it is or copies
  std::vector<SharedMatrix> keys;
  std::vector<SharedMatrix> values;
};

class LayerStack {
 public:
  // Heads of the data beyond a multiple of options.kv_heads are left out. Throws UsageError where there are too few,
  // Error(invalid_argument) where heads disagree or have no decode queries or values.
  LayerStack(std::span<const HeadSource> heads, const StackOptions& options);

  std::size_t originals() const noexcept { return groups_.size(); }
  const std::vector<StackLayer>& layers() const noexcept { return layers_; }
  std::uint64_t bytes() const noexcept { return layer_bytes_ * layers_.size(); }  // of keys and values

  std::size_t query_heads() const noexcept;  // of a layer
  std::size_t kv_heads() const noexcept { return groups_.front().size(); }
  std::size_t tokens() const noexcept { return layers_.front().keys.front().view.rows; }
  std::size_t dim() const noexcept { return layers_.front().keys.front().view.cols; }
  std::size_t value_dim() const noexcept { return layers_.front().values.front().view.cols; }
  DType dtype() const noexcept { return layers_.front().keys.front().view.dtype; }
  double softmax_scale() const noexcept { return groups_.front().front().softmax_scale; }
  const std::vector<datasets::KvGroup>& groups(std::size_t original) const { return groups_[original]; }

  // Decode steps, and the queries [query_heads, dim] of one; any number, they start over.
  std::size_t steps() const noexcept { return steps_; }
  MatrixView step(std::size_t layer, std::size_t step) const;

 private:
  std::vector<std::vector<datasets::KvGroup>> groups_;  // of the originals
  std::vector<StackLayer> layers_;
  std::vector<SharedMatrix> queries_;  // of the originals: [steps * query_heads, dim]
  std::size_t steps_ = 0;
  std::uint64_t layer_bytes_ = 0;
};

}  // namespace rattan::bench
