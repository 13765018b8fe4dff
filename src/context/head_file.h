// What a KV head searches on disk: everything but keys and values, as the container "kv_head" with the sections of its
// index, "head", "window" and "clusters".
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>

#include "context/head_prefix.h"
#include "context/kv_head.h"
#include "rattan/matrix.h"

namespace rattan {

// folder / layer_0003_head_0001.rattan
std::filesystem::path head_path(const std::filesystem::path& folder, std::size_t layer, std::size_t head);

// Atomic: see storage/atomic_save.h.
void save_head(const HeadPrefix& prefix, const std::filesystem::path& path);
// Of the first `tokens` tokens of a head: the index of `generation` alone, which was the head's when it had no more.
// Where a truncation has cut it: none.
void save_head(const KvHead& head, std::size_t tokens, const Generation& generation, const std::filesystem::path& path);

// Over the same keys and values, checked already, whose fingerprints are compared with the file's. Rows behind the
// index are the window's and such as no index holds yet. kept: gets the queries that the head had kept. Throws
// Error(not_found, io, corrupt, version), and Error(invalid_argument) for other keys or values than were saved, or
// another window than `params` has.
std::shared_ptr<HeadPrefix> open_head(const std::filesystem::path& path, const CheckedMatrix& keys,
                                      const CheckedMatrix& values, const ContextParams& params,
                                      QueryEvidence::Copy* kept = nullptr);

}  // namespace rattan
