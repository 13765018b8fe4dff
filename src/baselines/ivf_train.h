// The one thing FAISS does for Rattan: k-means centroids. ivf_train.cpp has it, ivf_train_absent.cpp stands in
// for it.
#pragma once

#include <cstdint>
#include <vector>

#include "rattan/exact_topk.h"
#include "rattan/params.h"

namespace rattan {

// False in a build without FAISS.
extern const bool have_faiss;

// detail::TrainCentroids by FAISS. Throws Error(unsupported) where FAISS refuses, and in a build without it.
std::vector<float> train_centroids(const float* sample, std::size_t rows, std::size_t dim, std::uint32_t lists,
                                   const IvfBuildParams& params, const ExactTopK& exact);

}  // namespace rattan
