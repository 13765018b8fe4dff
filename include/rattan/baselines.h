// The usual indexes, to compare with: built by FAISS and hnswlib, searched by Rattan's own kernels. They are a library
// of their own, rattan::baselines, which alone needs those packages. What it builds is saved, opened (open_index) and
// searched like any other index, by programs without it too.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rattan/index.h"
#include "rattan/params.h"

#pragma GCC visibility push(default)

namespace rattan {

// k-means lists (FAISS trains), scanned with Rattan's own kernels. Error(unsupported) in a build without FAISS.
std::unique_ptr<Index> build_ivf(SharedMatrix keys, Metric metric = Metric::inner_product, const IvfBuildParams& = {},
                                 BuildStats* stats = nullptr);

// hnswlib with Rattan's own counted distance. Error(unsupported) in a build without hnswlib.
std::unique_ptr<Index> build_hnsw(SharedMatrix keys, Metric metric = Metric::inner_product, const HnswBuildParams& = {},
                                  BuildStats* stats = nullptr);

// Those of "hnsw" and "ivf" that this build can make.
std::vector<std::string> available_baselines();

}  // namespace rattan

#pragma GCC visibility pop
