// The kinds of index by name. A new kind is one row here.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "rattan/index.h"
#include "storage/container.h"

namespace rattan {

struct IndexKind {
  std::string_view name;

  // Whether this build can make one. What was saved opens in every build.
  bool available;

  // Rebuilds what save() wrote; `keys` and `metric` were compared with the file's identity. Every id, offset and count
  // is checked before it is used: Error(corrupt).
  std::unique_ptr<Index> (*open)(const Container& container, SharedMatrix keys, Metric metric);
};

// In ascending order of name.
std::span<const IndexKind> index_kinds();

}  // namespace rattan
