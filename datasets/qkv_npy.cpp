#include <algorithm>
#include <map>
#include <string>
#include <system_error>
#include <utility>

#include "core/check.h"
#include "datasets/bare_head.h"
#include "datasets/npy.h"
#include "datasets/qkv_readers.h"

namespace rattan::datasets {
namespace {

namespace fs = std::filesystem;

using Heads = std::map<int, fs::path>;  // by the number in the name

struct LayerFiles {
  Heads keys;
  Heads queries;
  Heads values;
};
using Layers = std::map<int, LayerFiles>;

// Files a name of the form K_{layer}_{head}.npy under its layer and head; other names are left alone.
void file_under(Layers& layers, const fs::path& path) {
  const std::string name = path.stem().string();
  if (path.extension() != ".npy" || name.size() < 2 || name[1] != '_') return;
  const std::size_t border = name.find('_', 2);
  if (border == std::string::npos) return;
  const std::optional<int> layer = parse_number(std::string_view(name).substr(2, border - 2));
  const std::optional<int> head = parse_number(std::string_view(name).substr(border + 1));
  if (!layer || !head) return;
  Heads LayerFiles::*const member = name[0] == 'K'   ? &LayerFiles::keys
                                    : name[0] == 'Q' ? &LayerFiles::queries
                                    : name[0] == 'V' ? &LayerFiles::values
                                                     : nullptr;
  if (member == nullptr) return;
  const auto [slot, fresh] = (layers[*layer].*member).emplace(*head, path);
  if (!fresh) {
    fail(ErrorCode::invalid_argument, path.string(), ": ", slot->second.filename().string(),
         " is the same layer and head");
  }
}

Layers find_layers(const fs::path& folder) {
  Layers layers;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    file_under(layers, it->path());
  }
  if (error) fail(ErrorCode::io, folder.string(), ": cannot list the folder: ", error.message());
  return layers;
}

// Query heads per KV head: as given, else what the numbers of files say.
int group_of(const LayerFiles& files, const QuerySplit& split) {
  if (split.group != 0) return static_cast<int>(split.group);
  const bool paired =
      std::ranges::equal(files.keys, files.queries, {}, &Heads::value_type::first, &Heads::value_type::first);
  if (paired || files.keys.empty() || files.queries.size() % files.keys.size() != 0) return 1;
  return std::max(1, static_cast<int>(files.queries.size() / files.keys.size()));
}

// Every file has a partner: query head h belongs to KV head h / group.
void check_partners(int layer, const LayerFiles& files, int group) {
  const auto need = [&](bool there, const fs::path& lonely, const char* kind, int head) {
    if (there) return;
    fail(ErrorCode::not_found, lonely.string(), ": needs ", kind, "_", layer, "_", head, ".npy beside it (", group,
         " query heads a KV head: K_ and Q_ files of layer ", layer, ")");
  };
  for (const auto& [head, path] : files.queries) need(files.keys.contains(head / group), path, "K", head / group);
  for (const auto& [head, path] : files.values) need(files.keys.contains(head), path, "K", head);
  for (const auto& [head, path] : files.keys) {
    for (int i = head * group; i < (head + 1) * group; ++i) need(files.queries.contains(i), path, "Q", i);
  }
}

KvGroup read_head(const LayerFiles& files, int head, int group, const QuerySplit& split) {
  BareHead bare;
  bare.keys_name = files.keys.at(head).string();
  bare.keys = read_npy(files.keys.at(head), Access::map).matrix;
  for (int i = head * group; i < (head + 1) * group; ++i) {
    bare.queries_name = files.queries.at(i).string();
    bare.queries.push_back(read_npy(files.queries.at(i), Access::map).matrix);
  }
  if (const auto values = files.values.find(head); values != files.values.end()) {
    bare.values_name = values->second.string();
    bare.values = read_npy(values->second, Access::map).matrix;
  }
  KvGroup made = make_group(bare, split);
  made.source = bare.keys_name;
  return made;
}

}  // namespace

std::vector<KvGroup> read_npy_pairs(const fs::path& folder, const QuerySplit& split) {
  split.validate();
  std::vector<KvGroup> groups;
  for (const auto& [layer, files] : find_layers(folder)) {
    const int group = group_of(files, split);
    check_partners(layer, files, group);
    int kv_head = 0;
    for (const auto& [head, path] : files.keys) {
      groups.push_back(read_head(files, head, group, split));
      groups.back().layer = layer;
      groups.back().kv_head = kv_head++;
    }
  }
  return groups;
}

}  // namespace rattan::datasets
