// The element types of safetensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "rattan/types.h"

namespace rattan::datasets {

enum class TensorType : std::uint8_t {
  boolean,
  u8,
  i8,
  f8_e5m2,
  f8_e4m3,
  f8_e8m0,
  u16,
  i16,
  f16,
  bf16,
  u32,
  i32,
  f32,
  u64,
  i64,
  f64,
  c64
};

// "F32", "BF16", ... as the format spells them.
std::string_view to_string(TensorType type) noexcept;
std::size_t type_size(TensorType type) noexcept;

// Empty for any other text.
std::optional<TensorType> tensor_type(std::string_view name) noexcept;

// Error(unsupported) naming `what` and the type unless it is F32, F16 or BF16.
DType to_dtype(TensorType type, std::string_view what);
TensorType to_tensor_type(DType dtype) noexcept;

}  // namespace rattan::datasets
