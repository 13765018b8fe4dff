// No source of the library names a kind of index but its own and the registry: all others ask the kind's row.
// CONTRIBUTING.md, section 4, lists what a new kind touches.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "source_tree.h"

namespace rattan::test {
namespace {

struct NamedKind {
  std::string_view sources;  // in the paths of its own
  const char* names;         // in code
  const char* literal;       // in texts
};
// Not "flat": a head that searches nothing is called so in src/context.
constexpr NamedKind named_kinds[] = {
    {"src/index/auto_index.", R"(\b(AutoIndex|build_auto|open_auto|HeadKind::automatic)\b)", "\"auto\""},
    {"src/index/graph_index.", R"(\b(GraphIndex|build_graph|open_graph|graph_bytes|HeadKind::graph)\b)", "\"graph\""},
    {"src/index/scan4_index.", R"(\w*[Ss]can4\w*|scan4_\w+|HeadKind::scan4)", "\"scan4\""},
    {"/baselines/", R"(\b(HnswIndex|build_hnsw|open_hnsw|IvfIndex|build_ivf|open_ivf)\b)", "\"hnsw\""},
};

// Files that may name a kind, and why.
const std::map<std::string, std::string>& exceptions() {
  static const std::map<std::string, std::string> list = {
      {"src/index/registry.cpp", "the rows"},
      {"src/index/layer_build.cpp", "its contract is to build graphs"},
      {"src/context/head_kind.cpp", "automatic is no kind: what may be chosen"},
      {"src/context/head_choice.cpp", "automatic is no kind: whether there is a choice"},
      {"src/context/memory_limit.cpp", "automatic is no kind: whether the kind may give way"},
  };
  return list;
}

bool names(const SourceFile& file, const NamedKind& kind) {
  const std::regex regex(kind.names);
  for (std::size_t i = 0; i < file.code.size(); ++i) {
    const bool has_text = file.code[i].find('"') != std::string::npos;
    if (std::regex_search(file.code[i], regex)) return true;
    if (has_text && file.text[i].find(kind.literal) != std::string::npos) return true;
  }
  return false;
}

TEST(Kinds, AreNamedByTheirOwnSourcesAndTheRegistryAlone) {
  std::map<std::string, bool> used;
  for (const SourceFile& file : source_tree()) {
    if (!file.in("src") || !file.is_cpp()) continue;
    for (const NamedKind& kind : named_kinds) {
      if (file.path.find(kind.sources) != std::string::npos || !names(file, kind)) continue;
      used[file.path] = true;
      EXPECT_TRUE(exceptions().contains(file.path))
          << file.path << " names the kind of " << kind.sources << "; its row in src/index/registry.cpp can be asked";
    }
  }
  for (const auto& [path, reason] : exceptions()) EXPECT_TRUE(used[path]) << path << " needs no exception: " << reason;
}

}  // namespace
}  // namespace rattan::test
