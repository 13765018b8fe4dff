#include "index/registry.h"

#include <algorithm>
#include <array>

#include "core/check.h"
#include "index/auto_index.h"
#include "index/baselines/hnsw.h"
#include "index/baselines/hnsw_build.h"
#include "index/baselines/ivf.h"
#include "index/baselines/ivf_train.h"
#include "index/checks.h"
#include "index/flat_index.h"
#include "index/graph_index.h"
#include "index/identity.h"
#include "index/scan4_index.h"

namespace rattan {

std::span<const IndexKind> index_kinds() {
  static const std::array kinds{
      IndexKind{"auto", true, open_auto},     IndexKind{"flat", true, open_flat},
      IndexKind{"graph", true, open_graph},   IndexKind{"hnsw", have_hnswlib, open_hnsw},
      IndexKind{"ivf", have_faiss, open_ivf}, IndexKind{"scan4", true, open_scan4},
  };
  return kinds;
}

std::vector<std::string> available_kinds() {
  std::vector<std::string> names;
  for (const IndexKind& kind : index_kinds()) {
    if (kind.available) names.emplace_back(kind.name);
  }
  return names;
}

std::unique_ptr<Index> open_index(const std::filesystem::path& path, SharedMatrix keys) {
  check_matrix(keys.view, "keys");
  const Container container = Container::open(path);
  const auto kinds = index_kinds();
  const auto kind =
      std::find_if(kinds.begin(), kinds.end(), [&](const IndexKind& known) { return known.name == container.kind(); });
  if (kind == kinds.end()) {
    fail(ErrorCode::version, container.name(), ": kind is \"", container.kind(),
         "\", which this version does not know");
  }
  const Metric metric = check_identity(container, keys.view);
  return kind->open(container, std::move(keys), metric);
}

}  // namespace rattan
