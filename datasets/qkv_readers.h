// The forms of a dump on disk, each as KV groups. Used by QkvDump::open.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/kv_group.h"
#include "datasets/safetensors.h"

namespace rattan::datasets {

struct LayerTensor {
  const Safetensors* file = nullptr;
  const Tensor* tensor = nullptr;
};

// The tensors of one layer, of one file or of several.
struct LayerTensors {
  std::string name;  // for errors
  Metadata metadata;
  std::optional<int> named_layer;  // what names say; must agree with the metadata, and one of the two must be there
  LayerTensor q;
  LayerTensor k;
  std::optional<LayerTensor> v;
  std::optional<LayerTensor> q_pos;
};

// All KV heads of a layer.
std::vector<KvGroup> read_layer(const LayerTensors& layer, const QuerySplit& split);

// The same of a file whose tensors are called q, k, v and q_pos.
std::vector<KvGroup> read_layer(const Safetensors& file, std::optional<int> named_layer, const QuerySplit& split = {});

// All layers of files whose tensors are called {..}{layer}.{..}q and so on, as "model.layers.3.q" or "layer_03.k".
// `common`: metadata that the files share. Error(unsupported) naming `name` where no tensor is called so.
std::vector<KvGroup> read_named_layers(const std::vector<Safetensors>& files, const Metadata& common,
                                       const std::string& name, const QuerySplit& split);

// The shards that a *.index.json lists, which lie beside it.
std::vector<KvGroup> read_shards(const std::filesystem::path& index, const QuerySplit& split);

// All pairs in a folder, by layer and head number; empty if there is none.
std::vector<KvGroup> read_npy_pairs(const std::filesystem::path& folder, const QuerySplit& split);

// keys.npy, queries.npy and their like in a folder (README.md section 2); empty if there is no keys file.
std::vector<KvGroup> read_vector_folder(const std::filesystem::path& folder, const QuerySplit& split);

// Files named one by one: keys, queries, then, if given, training queries.
KvGroup read_vector_files(const std::vector<std::filesystem::path>& files, const QuerySplit& split);

// An HDF5 file of VIBE or ann-benchmarks.
KvGroup read_hdf5_group(const std::filesystem::path& path, const QuerySplit& split);

// A decimal number from 0 to 999,999 without sign; empty if `text` is anything else.
std::optional<int> parse_number(std::string_view text);

// The number NN of "layer_NN.safetensors"; empty for other names.
std::optional<int> layer_in_name(std::string_view file_name);

}  // namespace rattan::datasets
