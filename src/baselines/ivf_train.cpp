#include <faiss/Clustering.h>
#include <faiss/Index.h>
#include <faiss/impl/FaissException.h>

#include <cmath>
#include <cstdint>
#include <exception>
#include <limits>

#include "baselines/ivf_train.h"
#include "core/check.h"

namespace rattan {

const bool have_faiss = true;

namespace {

// Assignment by Rattan's own exact search. A distribution's FAISS may be compiled without SIMD, and its BLAS products
// may round differently for another number of threads; this one does neither.
class Assignment final : public faiss::Index {
 public:
  Assignment(std::size_t dim, bool spherical, const ExactTopK& exact)
      : faiss::Index(static_cast<std::int64_t>(dim), spherical ? faiss::METRIC_INNER_PRODUCT : faiss::METRIC_L2),
        exact_(exact) {}

  void add(std::int64_t count, const float* centroids) override {
    ntotal = count;
    centroids_.assign(centroids, centroids + count * d);
    for (float& value : centroids_) {
      if (!std::isfinite(value)) value = 0;  // sums of keys near the end of fp32's range
    }
  }

  void reset() override {
    ntotal = 0;
    centroids_.clear();
  }

  void search(std::int64_t count, const float* points, std::int64_t k, float* distances, std::int64_t* labels,
              const faiss::SearchParameters* = nullptr) const override {
    const auto rows = static_cast<std::size_t>(count);
    const auto dim = static_cast<std::size_t>(d);
    const auto width = static_cast<std::size_t>(k);
    const NeighborTable nearest = exact_.find(
        {points, DType::f32, rows, dim}, {centroids_.data(), DType::f32, static_cast<std::size_t>(ntotal), dim},
        static_cast<std::uint32_t>(k), spherical() ? Metric::inner_product : Metric::l2);
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < width; ++j) {
        const KeyId id = nearest.ids(i)[j];
        // Products that overflow leave a point without a nearest centroid; FAISS counts on a valid one.
        labels[i * width + j] = id == no_key ? 0 : static_cast<std::int64_t>(id);
        const float score = nearest.scores(i)[j];
        distances[i * width + j] = spherical() ? score : -score;
      }
    }
  }

 private:
  bool spherical() const { return metric_type == faiss::METRIC_INNER_PRODUCT; }

  const ExactTopK& exact_;
  std::vector<float> centroids_;
};

faiss::ClusteringParameters settings_of(const IvfBuildParams& params) {
  faiss::ClusteringParameters settings;
  settings.niter = static_cast<int>(params.iterations);
  settings.spherical = params.spherical;
  settings.seed = static_cast<int>(params.seed & static_cast<std::uint64_t>(std::numeric_limits<int>::max()));
  settings.min_points_per_centroid = 1;                                // FAISS prints a warning below it
  settings.max_points_per_centroid = std::numeric_limits<int>::max();  // the caller has sampled
  return settings;
}

}  // namespace

std::vector<float> train_centroids(const float* sample, std::size_t rows, std::size_t dim, std::uint32_t lists,
                                   const IvfBuildParams& params, const ExactTopK& exact) {
  try {
    faiss::Clustering clustering(static_cast<int>(dim), static_cast<int>(lists), settings_of(params));
    Assignment assignment(dim, params.spherical, exact);
    clustering.train(static_cast<std::int64_t>(rows), sample, assignment);
    return std::move(clustering.centroids);
  } catch (const faiss::FaissException& error) {
    fail(ErrorCode::unsupported, "build_ivf: FAISS refuses to train: ", error.what());
  }
}

}  // namespace rattan
