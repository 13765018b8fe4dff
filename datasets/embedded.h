// The one data set that lies in the repository: a slice of a real attention layer (datasets/README.md: provenance,
// statistics). Small enough for tests and a first look, too small for claims.
#pragma once

#include <filesystem>

#include "datasets/qkv_dump.h"

namespace rattan::datasets {

// Where the file lies in the source tree this library was built from.
std::filesystem::path embedded_file();

// Its KV head. Throws what QkvDump::open throws, e.g. Error(not_found) if the source tree has moved.
KvGroup embedded_group(const std::filesystem::path& file = embedded_file());

}  // namespace rattan::datasets
