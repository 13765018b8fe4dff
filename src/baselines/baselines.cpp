#include "rattan/baselines.h"

#include <utility>

#include "baselines/hnsw_insert.h"
#include "baselines/ivf_train.h"
#include "index/baselines/builders.h"

namespace rattan {

std::unique_ptr<Index> build_ivf(SharedMatrix keys, Metric metric, const IvfBuildParams& params, BuildStats* stats) {
  return detail::build_ivf(std::move(keys), metric, params, train_centroids, stats);
}

std::unique_ptr<Index> build_hnsw(SharedMatrix keys, Metric metric, const HnswBuildParams& params, BuildStats* stats) {
  return detail::build_hnsw(std::move(keys), metric, params, insert_keys, stats);
}

std::vector<std::string> available_baselines() {
  std::vector<std::string> names;
  if (have_hnswlib) names.emplace_back("hnsw");
  if (have_faiss) names.emplace_back("ivf");
  return names;
}

}  // namespace rattan
