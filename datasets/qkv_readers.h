// The two forms of a dump on disk, each as KV groups. Used by QkvDump::open.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "datasets/kv_group.h"
#include "datasets/safetensors.h"

namespace rattan::datasets {

// All KV heads of one layer's file. `named_layer`: the number in the file's name, if it has one; must agree with the
// metadata, and one of the two must be there.
std::vector<KvGroup> read_layer(const Safetensors& file, std::optional<int> named_layer);

// All pairs in a folder, by layer and head number; empty if there is none.
std::vector<KvGroup> read_npy_pairs(const std::filesystem::path& folder, const NpySplit& split);

// A decimal number from 0 to 999,999 without sign; empty if `text` is anything else.
std::optional<int> parse_number(std::string_view text);

// The number NN of "layer_NN.safetensors"; empty for other names.
std::optional<int> layer_in_name(std::string_view file_name);

}  // namespace rattan::datasets
