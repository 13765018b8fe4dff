#include "bench/inputs/baseline_kinds.h"

#include <array>

#include "baselines/hnsw_insert.h"
#include "baselines/ivf_train.h"
#include "index/registry.h"
#include "rattan/baselines.h"

namespace rattan::bench {
namespace {

IndexKind hnsw_kind() {
  IndexKind kind = *find_kind("hnsw");
  kind.available = have_hnswlib;
  kind.build = [](const BuildInputs& in, BuildStats* stats) {
    HnswBuildParams params = in.params.hnsw;
    params.executor = in.executor;
    return build_hnsw(in.keys.shared(), in.metric, params, stats);
  };
  return kind;
}

IndexKind ivf_kind() {
  IndexKind kind = *find_kind("ivf");
  kind.available = have_faiss;
  kind.build = [](const BuildInputs& in, BuildStats* stats) {
    IvfBuildParams params = in.params.ivf;
    params.executor = in.executor;
    return build_ivf(in.keys.shared(), in.metric, params, stats);
  };
  return kind;
}

}  // namespace

std::span<const IndexKind> baseline_kinds() {
  static const std::array kinds{hnsw_kind(), ivf_kind()};
  return kinds;
}

}  // namespace rattan::bench
