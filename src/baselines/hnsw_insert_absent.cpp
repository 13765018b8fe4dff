#include "baselines/hnsw_insert.h"
#include "core/check.h"

namespace rattan {

const bool have_hnswlib = false;

std::unique_ptr<detail::HnswLinks> insert_keys(std::span<const KeyId>, const detail::KeyDistance&,
                                               const HnswBuildParams&) {
  fail(ErrorCode::unsupported,
       "build_hnsw: this build has no hnswlib (Debian: libhnswlib-dev); saved indexes still open");
}

}  // namespace rattan
