#include "datasets/tensor_type.h"

#include <algorithm>
#include <array>

#include "core/check.h"

namespace rattan::datasets {
namespace {

struct TypeRow {
  TensorType type;
  std::string_view name;
  std::size_t size;
};

constexpr std::array type_rows{
    TypeRow{TensorType::boolean, "BOOL", 1},    TypeRow{TensorType::u8, "U8", 1},
    TypeRow{TensorType::i8, "I8", 1},           TypeRow{TensorType::f8_e5m2, "F8_E5M2", 1},
    TypeRow{TensorType::f8_e4m3, "F8_E4M3", 1}, TypeRow{TensorType::f8_e8m0, "F8_E8M0", 1},
    TypeRow{TensorType::u16, "U16", 2},         TypeRow{TensorType::i16, "I16", 2},
    TypeRow{TensorType::f16, "F16", 2},         TypeRow{TensorType::bf16, "BF16", 2},
    TypeRow{TensorType::u32, "U32", 4},         TypeRow{TensorType::i32, "I32", 4},
    TypeRow{TensorType::f32, "F32", 4},         TypeRow{TensorType::u64, "U64", 8},
    TypeRow{TensorType::i64, "I64", 8},         TypeRow{TensorType::f64, "F64", 8},
    TypeRow{TensorType::c64, "C64", 8},
};

const TypeRow& row_of(TensorType type) noexcept { return type_rows[static_cast<std::size_t>(type)]; }

}  // namespace

std::string_view to_string(TensorType type) noexcept { return row_of(type).name; }

std::size_t type_size(TensorType type) noexcept { return row_of(type).size; }

std::optional<TensorType> tensor_type(std::string_view name) noexcept {
  const auto* const row = std::ranges::find(type_rows, name, &TypeRow::name);
  return row == type_rows.end() ? std::nullopt : std::optional(row->type);
}

DType to_dtype(TensorType type, std::string_view what) {
  switch (type) {
    case TensorType::f32: return DType::f32;
    case TensorType::f16: return DType::f16;
    case TensorType::bf16: return DType::bf16;
    default:
      fail(ErrorCode::unsupported, what, " has the dtype ", to_string(type),
           ", vectors are read from F32, F16 and BF16");
  }
}

TensorType to_tensor_type(DType dtype) noexcept {
  if (dtype == DType::f32) return TensorType::f32;
  return dtype == DType::f16 ? TensorType::f16 : TensorType::bf16;
}

}  // namespace rattan::datasets
