// Built indexes kept in a folder, so that a large graph is built once for many measurements.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bench/inputs/kinds.h"

namespace rattan::bench {

class IndexCache {
 public:
  // An empty folder name keeps nothing. Makes the folder.
  explicit IndexCache(std::filesystem::path folder);

  // What build_indexes() gives, opened from the folder where it holds the same: source, window, dtype, kind, build
  // parameters, seed and commit. The keys' bytes are compared by open_index(). A dirty commit is not told from another
  // dirty one: empty the folder after changing a builder.
  std::vector<BuiltIndex> get(BuildKind kind, const std::string& source, const HeadProblem& problem,
                              const BuildOptions& options, const ExactTopK& exact) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace rattan::bench
