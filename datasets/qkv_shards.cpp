#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

#include "core/check.h"
#include "datasets/qkv_readers.h"

namespace rattan::datasets {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

struct NamedTensor {
  int layer;
  std::string_view role;  // the last part of the name: q, k, v or q_pos
};

// "model.layers.3.q" is q of layer 3, "layer_03.k" is k of layer 3; empty for other names.
std::optional<NamedTensor> parse_name(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view role = name.substr(dot + 1);
  if (role != "q" && role != "k" && role != "v" && role != "q_pos") return std::nullopt;
  std::string_view before = name.substr(0, dot);
  while (!before.empty()) {
    const std::size_t border = before.find_last_of("._");
    const std::string_view part = border == std::string_view::npos ? before : before.substr(border + 1);
    if (const std::optional<int> layer = parse_number(part)) return NamedTensor{*layer, role};
    before = border == std::string_view::npos ? std::string_view() : before.substr(0, border);
  }
  return std::nullopt;
}

void put(std::optional<LayerTensor>& slot, const LayerTensor& part, const std::string& name) {
  if (slot) {
    fail(ErrorCode::corrupt, name, ": tensors \"", slot->tensor->name, "\" and \"", part.tensor->name,
         "\" are the same part of a layer");
  }
  slot = part;
}

struct Parts {
  std::optional<LayerTensor> q, k, v, q_pos;
};

std::map<int, Parts> parts_of(const std::vector<Safetensors>& files, const std::string& name) {
  std::map<int, Parts> layers;
  for (const Safetensors& file : files) {
    for (const Tensor& tensor : file.tensors()) {
      const std::optional<NamedTensor> named = parse_name(tensor.name);
      if (!named) continue;
      Parts& parts = layers[named->layer];
      std::optional<LayerTensor>& slot = named->role == "q"   ? parts.q
                                         : named->role == "k" ? parts.k
                                         : named->role == "v" ? parts.v
                                                              : parts.q_pos;
      put(slot, {&file, &tensor}, name);
    }
  }
  return layers;
}

// The shards' file names and what is said of all of them.
struct Index {
  std::set<std::string> shards;
  Metadata metadata;
};

std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

Index parse_index(const Source& source) {
  const auto* const text = reinterpret_cast<const char*>(source.bytes.data());
  const Json json = Json::parse(text, text + source.bytes.size(), nullptr, false);
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object()) {
    fail(ErrorCode::corrupt, source.name, ": is no JSON object with a member weight_map");
  }
  Index index;
  for (const auto& [tensor, file] : json["weight_map"].items()) {
    const std::string shard = file.is_string() ? file.get<std::string>() : "";
    if (shard.empty() || shard == "." || shard == ".." ||
        shard.find_first_of(std::string("/\\\0", 3)) != std::string::npos) {
      fail(ErrorCode::corrupt, source.name, ": weight_map names the file \"", shard,
           "\", allowed are names of files beside it");
    }
    if (parse_name(tensor)) index.shards.insert(shard);
  }
  if (json.contains("metadata") && json["metadata"].is_object()) {
    for (const auto& [key, value] : json["metadata"].items()) index.metadata.emplace(key, text_of(value));
  }
  return index;
}

}  // namespace

std::vector<KvGroup> read_named_layers(const std::vector<Safetensors>& files, const Metadata& common,
                                       const std::string& name, const QuerySplit& split) {
  std::vector<KvGroup> groups;
  for (const auto& [number, parts] : parts_of(files, name)) {
    if (!parts.q || !parts.k) {
      fail(ErrorCode::corrupt, name, ": layer ", number, " needs the tensors q and k, ", parts.q ? "k" : "q",
           " is missing");
    }
    LayerTensors layer{message(name, ", layer ", number), common, number, *parts.q, *parts.k, parts.v, parts.q_pos};
    layer.metadata.insert(parts.k->file->metadata().begin(), parts.k->file->metadata().end());
    layer.metadata.erase("layer");
    for (KvGroup& group : read_layer(layer, split)) groups.push_back(std::move(group));
  }
  if (groups.empty()) {
    fail(ErrorCode::unsupported, name,
         ": has no tensors q and k, nor {layer}.q and {layer}.k. If it holds the weights of "
         "a model, \"python -m rattan.dump MODEL --text FILE -o DIR\" runs it and writes a dump");
  }
  return groups;
}

std::vector<KvGroup> read_shards(const fs::path& path, const QuerySplit& split) {
  const Index index = parse_index(Source::open(path, Access::copy));
  std::vector<Safetensors> files;
  for (const std::string& shard : index.shards) {
    files.push_back(Safetensors::open(path.parent_path() / shard, Access::map));
  }
  return read_named_layers(files, index.metadata, path.string(), split);
}

}  // namespace rattan::datasets
