#include "tests/fuzz/rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include "core/half.h"
#include "core/random.h"

namespace rattan::fuzz {
namespace {

float signed_unit(std::uint64_t seed, std::uint64_t counter) {
  return static_cast<float>(2 * random_uniform(seed, counter) - 1);
}

float element(Nature nature, std::uint64_t seed, std::uint64_t row, std::uint64_t c) {
  const std::uint64_t of_row = random_stream(seed, row);
  const float unit = signed_unit(of_row, c);
  switch (nature) {
    case Nature::uniform: return unit;
    case Nature::small_integers: return std::round(2 * unit);
    case Nature::all_equal: return 0.5F;
    case Nature::two_values: return signed_unit(random_stream(seed, row * 7 % 5 % 2), c);
    case Nature::one_giant: return row % 13 == 5 ? unit * 4096 : unit;
    case Nature::subnormal: return unit * 1e-40F;
    case Nature::heavy_tails: return std::copysign(1 / (std::abs(unit) + 1e-3F), signed_unit(of_row, c + 1000));
    case Nature::largest: return std::copysign(16777215.0F, unit);
    case Nature::near_duplicates: return signed_unit(seed, c) + unit * 1e-6F;
    case Nature::low_rank: return signed_unit(of_row, 0) * signed_unit(seed, c);
    case Nature::zero: return 0;
  }
  return 0;
}

float rounded(float value, DType dtype) {
  constexpr float largest_f16 = 65504;
  constexpr float largest_bf16 = 16711680;  // below 2^24
  switch (dtype) {
    case DType::f32: return value;
    case DType::f16: return from_f16(to_f16(std::clamp(value, -largest_f16, largest_f16)));
    case DType::bf16: return from_bf16(to_bf16(std::clamp(value, -largest_bf16, largest_bf16)));
  }
  return value;
}

}  // namespace

void make_row(Nature nature, std::uint64_t seed, std::uint64_t row, DType dtype, std::size_t dim, float* to) {
  for (std::size_t c = 0; c < dim; ++c) to[c] = rounded(element(nature, seed, row, c), dtype);
}

void store(float value, DType dtype, std::byte* to) {
  if (dtype == DType::f32) {
    std::memcpy(to, &value, sizeof value);
  } else {
    const std::uint16_t bits = dtype == DType::f16 ? to_f16(value) : to_bf16(value);
    std::memcpy(to, &bits, sizeof bits);
  }
}

SharedMatrix stored_rows(const std::vector<float>& values, std::size_t rows, std::size_t dim, DType dtype) {
  const std::size_t width = dtype_size(dtype);
  // Of exactly as many bytes, so that a sanitizer sees the end.
  const std::shared_ptr<std::byte[]> bytes(new std::byte[rows * dim * width]);
  for (std::size_t i = 0; i < rows * dim; ++i) store(values[i], dtype, bytes.get() + i * width);
  return {MatrixView(bytes.get(), dtype, rows, dim), bytes};
}

std::vector<float> make_rows(Nature nature, std::uint64_t seed, std::size_t rows, DType dtype, std::size_t dim) {
  std::vector<float> values(rows * dim);
  for (std::size_t row = 0; row < rows; ++row) make_row(nature, seed, row, dtype, dim, values.data() + row * dim);
  return values;
}

}  // namespace rattan::fuzz
