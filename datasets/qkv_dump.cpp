#include "datasets/qkv_dump.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <system_error>
#include <utility>

#include "core/check.h"
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

std::vector<KvGroup> read_file(const fs::path& path) {
  return read_layer(Safetensors::open(path, Access::map), layer_in_name(path.filename().string()));
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

std::vector<KvGroup> read_folder(const fs::path& folder, const NpySplit& split) {
  std::vector<KvGroup> groups = read_npy_pairs(folder, split);
  const auto layers = find_layers(folder);
  if (groups.empty() && layers.empty()) {
    fail(ErrorCode::not_found, folder.string(), ": holds neither layer_NN.safetensors nor K_/Q_{layer}_{head}.npy");
  }
  if (!groups.empty() && !layers.empty()) {
    fail(ErrorCode::invalid_argument, folder.string(), ": holds both layer_NN.safetensors and K_/Q_ .npy files");
  }
  for (const auto& [number, path] : layers) {
    for (KvGroup& group : read_file(path)) groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace

QkvDump QkvDump::open(const fs::path& path, const NpySplit& split) {
  std::error_code error;
  std::map<int, Layer> layers;
  for (KvGroup& group : fs::is_directory(path, error) ? read_folder(path, split) : read_file(path)) {
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
