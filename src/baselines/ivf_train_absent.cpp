#include "baselines/ivf_train.h"
#include "core/check.h"

namespace rattan {

const bool have_faiss = false;

std::vector<float> train_centroids(const float*, std::size_t, std::size_t, std::uint32_t, const IvfBuildParams&,
                                   const ExactTopK&) {
  fail(ErrorCode::unsupported,
       "build_ivf: this build has no FAISS (Debian: libfaiss-dev libopenblas-openmp-dev); saved indexes still open");
}

}  // namespace rattan
