// What an IVF index holds: centroids and, for each, the ids of the keys nearest to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "index/baselines/builders.h"
#include "rattan/index.h"
#include "storage/container.h"

namespace rattan {

struct IvfLists {
  bool spherical = false;
  std::uint32_t iterations = 0;
  std::uint64_t seed = 0;
  std::vector<float> centroids;        // count x dim
  std::vector<std::uint32_t> offsets;  // count + 1; list i is ids[offsets[i]] .. ids[offsets[i + 1]]
  std::vector<KeyId> ids;              // every key once; ascending within a list, so that reads go forward

  std::size_t count() const noexcept { return offsets.empty() ? 0 : offsets.size() - 1; }
  std::span<const KeyId> list(std::size_t i) const noexcept {
    return {ids.data() + offsets[i], static_cast<std::size_t>(offsets[i + 1] - offsets[i])};
  }
};

// Trains on at most 256 sampled keys a list (FAISS' own rule), then puts every key into the list of its centroid.
// Deterministic for any number of threads. `keys` and `params` are checked. Throws what `train` throws.
IvfLists make_ivf_lists(const MatrixView& keys, const IvfBuildParams& params, detail::TrainCentroids train,
                        BuildStats* stats);

void write_ivf_lists(const IvfLists& lists, ContainerWriter& writer);

// Throws Error(corrupt) unless the sections describe lists over exactly `rows` keys of `dim` elements.
IvfLists read_ivf_lists(const Container& container, std::size_t rows, std::size_t dim);

}  // namespace rattan
