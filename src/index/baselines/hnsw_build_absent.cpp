#include "core/check.h"
#include "index/baselines/hnsw_build.h"

namespace rattan {

const bool have_hnswlib = false;

HnswLayers build_hnsw_layers(const MatrixView&, Metric, const HnswBuildParams&) {
  fail(ErrorCode::unsupported,
       "build_hnsw: this build has no hnswlib (Debian: libhnswlib-dev); saved indexes still open");
}

}  // namespace rattan
