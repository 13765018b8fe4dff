// The JSON header of a safetensors file, as it stands: nothing is compared with the data yet.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/tensor_type.h"

namespace rattan::datasets {

using Metadata = std::map<std::string, std::string>;

struct HeaderEntry {
  std::string name;
  TensorType type = TensorType::f32;
  std::vector<std::uint64_t> shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<HeaderEntry> entries;  // by name
  Metadata metadata;
};

// Throws Error(corrupt, unsupported) naming `file` and what is wrong. Memory and time are linear in the text; the
// nesting depth is bounded by the form.
SafetensorsHeader parse_safetensors_header(std::string_view text, const std::string& file);

}  // namespace rattan::datasets
