// Tests that need a CUDA device skip without one and say why. What the device finds is held against the CPU.
#pragma once

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <new>
#include <string>

#include "rattan/exact_topk.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan::test {

class CudaDevice : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string why;
    if (!cuda_available(&why)) GTEST_SKIP() << why;
  }
};

class OnDevice {
 public:
  explicit OnDevice(const MatrixView& matrix) : view_(matrix) {
    if (cudaMalloc(&data_, bytes()) != cudaSuccess) throw std::bad_alloc();
    cudaMemcpy(data_, matrix.data, bytes(), cudaMemcpyHostToDevice);
    view_.data = data_;
  }
  ~OnDevice() { cudaFree(data_); }
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;
  const MatrixView& view() const { return view_; }
  void* data() const { return data_; }
  std::size_t bytes() const { return view_.rows * view_.row_stride * dtype_size(view_.dtype); }

 private:
  MatrixView view_;
  void* data_ = nullptr;
};

inline double largest_norm(const MatrixView& matrix) {
  double largest = 0;
  for (std::size_t row = 0; row < matrix.rows; ++row) {
    double square = 0;
    for (const double value : row_values(matrix, row)) square += value * value;
    largest = std::max(largest, std::sqrt(square));
  }
  return largest;
}

// cuda/README.md: tensor cores cut sums to 2^-22 of the largest term at each of at most d additions, the CPU rounds to
// 2^-24.
inline double tie_bound(const MatrixView& queries, const MatrixView& keys) {
  return static_cast<double>(keys.cols + 8) * 0x1p-21 * largest_norm(queries) * largest_norm(keys);
}

inline void expect_same_as_cpu(const ExactTopK& exact, const MatrixView& queries, const MatrixView& keys,
                               std::uint32_t k, const Visibility& visible = {}) {
  const NeighborTable found = exact.find(queries, keys, k, Metric::inner_product, visible);
  const NeighborTable truth = make_exact_topk_cpu()->find(queries, keys, k, Metric::inner_product, visible);
  ASSERT_EQ(found.rows(), truth.rows());
  ASSERT_EQ(found.k(), truth.k());
  expect_neighbors(found, truth, queries, keys, tie_bound(queries, keys));
  for (std::size_t row = 0; row < found.rows(); ++row) {
    ASSERT_EQ(found.count(row), truth.count(row)) << "row " << row;
  }
}

}  // namespace rattan::test
