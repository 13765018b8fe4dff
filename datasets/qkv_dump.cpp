#include "datasets/qkv_dump.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <system_error>
#include <utility>

#include "core/check.h"
#include "datasets/file_kind.h"
#include "datasets/qkv_readers.h"

namespace rattan::datasets {

namespace fs = std::filesystem;

struct QkvDump::Layer {
  int number;
  std::vector<KvGroup> groups;
};

std::optional<int> parse_number(std::string_view text) {
  constexpr std::size_t max_digits = 6;
  int value = 0;
  const char* const last = text.data() + text.size();
  if (text.empty() || text.size() > max_digits || text.front() == '-') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (error != std::errc() || end != last) return std::nullopt;
  return value;
}

std::optional<int> layer_in_name(std::string_view file_name) {
  constexpr std::string_view prefix = "layer_";
  constexpr std::string_view suffix = ".safetensors";
  if (file_name.size() < prefix.size() + suffix.size() || !file_name.starts_with(prefix) ||
      !file_name.ends_with(suffix)) {
    return std::nullopt;
  }
  return parse_number(file_name.substr(prefix.size(), file_name.size() - prefix.size() - suffix.size()));
}

namespace {

std::vector<KvGroup> read_tensors(const fs::path& path, const QuerySplit& split) {
  std::vector<Safetensors> files;
  files.push_back(Safetensors::open(path, Access::map));
  const std::optional<int> named = layer_in_name(path.filename().string());
  if (named || files.front().find("q") != nullptr || files.front().find("k") != nullptr) {
    return read_layer(files.front(), named, split);
  }
  return read_named_layers(files, {}, path.string(), split);
}

std::vector<KvGroup> read_file(const fs::path& path, const QuerySplit& split) {
  const FileKind kind = kind_of_file(path);
  if (kind == FileKind::safetensors) return read_tensors(path, split);
  if (kind == FileKind::shard_index) return read_shards(path, split);
  if (kind == FileKind::hdf5) return {read_hdf5_group(path, split)};
  fail(ErrorCode::unsupported, path.string(), ": is ", describe(kind), "; ", advice(kind));
}

std::map<int, fs::path> find_layers(const fs::path& folder) {
  std::map<int, fs::path> layers;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::optional<int> layer = layer_in_name(it->path().filename().string());
    if (layer && !layers.emplace(*layer, it->path()).second) {
      fail(ErrorCode::invalid_argument, it->path().string(), ": ", layers[*layer].filename().string(),
           " is the same layer");
    }
  }
  if (error) fail(ErrorCode::io, folder.string(), ": cannot list the folder: ", error.message());
  return layers;
}

std::vector<KvGroup> read_layer_files(const fs::path& folder, const QuerySplit& split) {
  std::vector<KvGroup> groups;
  for (const auto& [number, path] : find_layers(folder)) {
    for (KvGroup& group : read_file(path, split)) groups.push_back(std::move(group));
  }
  return groups;
}

std::vector<KvGroup> read_shard_folder(const fs::path& folder, const QuerySplit& split) {
  std::vector<KvGroup> groups;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (!entry.path().filename().string().ends_with(".index.json")) continue;
    if (!groups.empty()) fail(ErrorCode::invalid_argument, folder.string(), ": holds two files *.index.json; name one");
    groups = read_shards(entry.path(), split);
  }
  return groups;
}

std::vector<KvGroup> read_folder(const fs::path& folder, const QuerySplit& split) {
  std::vector<KvGroup> found;
  for (const auto read : {read_npy_pairs, read_layer_files, read_vector_folder, read_shard_folder}) {
    std::vector<KvGroup> groups = read(folder, split);
    if (!groups.empty() && !found.empty()) {
      fail(ErrorCode::invalid_argument, folder.string(), ": holds both ", found.front().source, " and ",
           groups.front().source, "; name the files to read");
    }
    if (!groups.empty()) found = std::move(groups);
  }
  if (found.empty()) {
    fail(ErrorCode::not_found, folder.string(), ": holds neither layer_NN.safetensors nor *.index.json, ",
         "K_/Q_{layer}_{head}.npy, nor keys.* and queries.* (npy, fbin, f16bin, fvecs)");
  }
  return found;
}

// KEYS+QUERIES or KEYS+QUERIES+TRAINING, where no file has that name.
std::vector<fs::path> parts_of(const fs::path& path) {
  std::vector<fs::path> parts;
  const std::string text = path.string();
  std::error_code error;
  if (fs::exists(path, error) || text.find('+') == std::string::npos) return parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('+', begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  if (parts.size() > 3) {
    fail(ErrorCode::invalid_argument, text, ": is ", parts.size(), " files, allowed is KEYS+QUERIES or ",
         "KEYS+QUERIES+TRAINING");
  }
  return parts;
}

std::vector<KvGroup> read_path(const fs::path& path, const QuerySplit& split) {
  split.validate();
  std::error_code error;
  if (fs::is_directory(path, error)) return read_folder(path, split);
  if (const std::vector<fs::path> parts = parts_of(path); !parts.empty()) return {read_vector_files(parts, split)};
  return read_file(path, split);
}

}  // namespace

QkvDump QkvDump::open(const fs::path& path, const QuerySplit& split) {
  std::map<int, Layer> layers;
  for (KvGroup& group : read_path(path, split)) {
    Layer& layer = layers.try_emplace(group.layer, Layer{group.layer, {}}).first->second;
    layer.groups.push_back(std::move(group));
  }
  QkvDump dump;
  for (auto& [number, layer] : layers) dump.layers_.push_back(std::make_shared<const Layer>(std::move(layer)));
  return dump;
}

std::vector<int> QkvDump::layers() const {
  std::vector<int> numbers;
  for (const auto& layer : layers_) numbers.push_back(layer->number);
  return numbers;
}

const QkvDump::Layer& QkvDump::at(int layer) const {
  const auto found =
      std::find_if(layers_.begin(), layers_.end(), [&](const auto& candidate) { return candidate->number == layer; });
  if (found == layers_.end()) {
    fail(ErrorCode::invalid_argument, "layer is ", layer, ", the dump has ", layers_.size(), " layers",
         layers_.empty() ? "" : message(" from ", layers_.front()->number, " to ", layers_.back()->number));
  }
  return **found;
}

std::size_t QkvDump::kv_heads(int layer) const { return at(layer).groups.size(); }

KvGroup QkvDump::group(int layer, int kv_head) const {
  const Layer& found = at(layer);
  check_range("kv_head", kv_head, 0, static_cast<int>(found.groups.size()) - 1);
  return found.groups[static_cast<std::size_t>(kv_head)];
}

}  // namespace rattan::datasets
