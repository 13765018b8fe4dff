// Made vectors for micro benchmarks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/half.h"
#include "core/random.h"
#include "rattan/matrix.h"

namespace rattan::bench {

// rows x cols numbers, uniform in [-1, 1), rounded to `dtype`; owns its memory.
class RandomMatrix {
 public:
  RandomMatrix(std::size_t rows, std::size_t cols, DType dtype, std::uint64_t seed)
      : bytes_(rows * cols * dtype_size(dtype)), view_(bytes_.data(), dtype, rows, cols) {
    for (std::size_t i = 0; i < rows * cols; ++i) {
      const float value = static_cast<float>(2 * random_uniform(seed, i) - 1);
      if (dtype == DType::f32) {
        reinterpret_cast<float*>(bytes_.data())[i] = value;
      } else {
        reinterpret_cast<std::uint16_t*>(bytes_.data())[i] = dtype == DType::f16 ? to_f16(value) : to_bf16(value);
      }
    }
  }
  // A copy in memory of its own, as another head has.
  RandomMatrix(const RandomMatrix& other)
      : bytes_(other.bytes_), view_(bytes_.data(), other.view_.dtype, other.view_.rows, other.view_.cols) {}
  RandomMatrix& operator=(const RandomMatrix&) = delete;

  const MatrixView& view() const noexcept { return view_; }
  const float* floats() const noexcept { return static_cast<const float*>(view_.data); }

 private:
  std::vector<std::byte> bytes_;
  MatrixView view_;
};

}  // namespace rattan::bench
