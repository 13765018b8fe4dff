// The one thing hnswlib does for Rattan: it inserts the keys. hnsw_insert.cpp has it, hnsw_insert_absent.cpp stands in
// for it.
#pragma once

#include <memory>
#include <span>

#include "index/baselines/builders.h"

namespace rattan {

// False in a build without hnswlib.
extern const bool have_hnswlib;

// detail::InsertKeys by hnswlib. Throws Error(no_memory) where hnswlib gives up, Error(unsupported) in a build without
// it.
std::unique_ptr<detail::HnswLinks> insert_keys(std::span<const KeyId> order, const detail::KeyDistance& distance,
                                               const HnswBuildParams& params);

}  // namespace rattan
