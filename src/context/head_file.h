// A HeadPrefix on disk: everything but keys and values, as the container "kv_head" with the sections of its index,
// "head" and "clusters".
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>

#include "context/head_prefix.h"
#include "rattan/matrix.h"

namespace rattan {

// folder / layer_0003_head_0001.rattan
std::filesystem::path head_path(const std::filesystem::path& folder, std::size_t layer, std::size_t head);

// Atomic: see storage/atomic_save.h.
void save_head(const HeadPrefix& prefix, const std::filesystem::path& path);

// Over the same keys and values, checked already, whose fingerprints are compared with the file's. Throws
// Error(not_found, io, corrupt, version), and Error(invalid_argument) for other keys or values than were saved, or
// another window than `params` has.
std::shared_ptr<const HeadPrefix> open_head(const std::filesystem::path& path, const CheckedMatrix& keys,
                                            const CheckedMatrix& values, const ContextParams& params);

}  // namespace rattan
