// Where inputs lie and what is wrong with them: strides, odd addresses, device memory, streams, limits, bad values.
#include <cuda_runtime_api.h>

#include <limits>

#include "tests/cuda/device_test.h"
#include "tests/support/errors.h"

namespace rattan {
namespace {

using CudaInputs = test::CudaDevice;

class OnDevice {
 public:
  explicit OnDevice(const MatrixView& matrix) : view_(matrix) {
    const std::size_t bytes = matrix.rows * matrix.row_stride * dtype_size(matrix.dtype);
    if (cudaMalloc(&data_, bytes) != cudaSuccess) throw std::bad_alloc();
    cudaMemcpy(data_, matrix.data, bytes, cudaMemcpyHostToDevice);
    view_.data = data_;
  }
  ~OnDevice() { cudaFree(data_); }
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;
  const MatrixView& view() const { return view_; }

 private:
  MatrixView view_;
  void* data_ = nullptr;
};

TEST_F(CudaInputs, StridedAndUnalignedViews) {
  const auto exact = make_exact_topk_cuda();
  const SharedMatrix queries = test::random_matrix(40, 19, 5, DType::f16, 23);
  const SharedMatrix keys = test::random_matrix(6000, 19, 6, DType::f16, 31);
  test::expect_same_as_cpu(*exact, queries.view.every(3), keys.view.every(2), 9);
  const SharedMatrix odd_queries = test::at_offset(queries.view.every(3), 1);
  const SharedMatrix odd_keys = test::at_offset(keys.view.every(2), 3);
  test::expect_same_as_cpu(*exact, odd_queries.view, odd_keys.view, 9);
}

TEST_F(CudaInputs, DeviceMemoryAndACallersStream) {
  const SharedMatrix queries = test::random_matrix(300, 128, 7, DType::bf16);
  const SharedMatrix keys = test::random_matrix(9000, 128, 8, DType::bf16);
  const OnDevice device_queries(queries.view);
  const OnDevice device_keys(keys.view);
  cudaStream_t stream = nullptr;
  ASSERT_EQ(cudaStreamCreate(&stream), cudaSuccess);
  {
    const auto exact = make_exact_topk_cuda({.stream = stream});
    const NeighborTable host = exact->find(queries.view, keys.view, 50, Metric::inner_product);
    EXPECT_EQ(exact->find(device_queries.view(), device_keys.view(), 50, Metric::inner_product), host);
    EXPECT_EQ(exact->find(device_queries.view(), keys.view, 50, Metric::inner_product), host);
    EXPECT_EQ(exact->find(queries.view, device_keys.view(), 50, Metric::inner_product), host);
    test::expect_error(ErrorCode::unsupported, "device memory",
                       [&] { (void)exact->find(device_queries.view(), keys.view, 50, Metric::l2); });
  }
  cudaStreamDestroy(stream);
}

TEST_F(CudaInputs, NanAndInfinityAreRefusedWhereverTheyLie) {
  const auto exact = make_exact_topk_cuda();
  const SharedMatrix queries = test::random_matrix(30, 40, 9, DType::bf16);
  const SharedMatrix keys = test::random_matrix(3000, 40, 10, DType::bf16);
  test::set_element(keys, 222, 37, std::numeric_limits<float>::infinity());
  const OnDevice device_queries(queries.view);
  const OnDevice device_keys(keys.view);
  for (const MatrixView& bad : {keys.view, device_keys.view()}) {
    test::expect_error(ErrorCode::invalid_argument, "keys: row 222, column 37",
                       [&] { (void)exact->find(queries.view, bad, 3, Metric::inner_product); });
  }
  test::set_element(keys, 222, 37, 0.0F);
  test::set_element(queries, 11, 0, std::numeric_limits<float>::quiet_NaN());
  const OnDevice bad_queries(queries.view);
  for (const MatrixView& bad : {queries.view, bad_queries.view()}) {
    test::expect_error(ErrorCode::invalid_argument, "queries: row 11, column 0",
                       [&] { (void)exact->find(bad, keys.view, 3, Metric::inner_product); });
  }
}

// What the tensor cores do not do is the CPU's, bit for bit.
TEST_F(CudaInputs, OtherTypesAndMetricsRunOnTheCpu) {
  const auto exact = make_exact_topk_cuda();
  const auto cpu = make_exact_topk_cpu();
  for (const Metric metric : test::all_metrics) {
    for (const DType query_type : test::all_dtypes) {
      const SharedMatrix queries = test::random_matrix(5, 24, 11, query_type);
      const SharedMatrix keys = test::random_matrix(400, 24, 12, DType::f32);
      EXPECT_EQ(exact->find(queries.view, keys.view, 7, metric), cpu->find(queries.view, keys.view, 7, metric));
    }
  }
  const SharedMatrix wide = test::random_matrix(300, 300, 13, DType::bf16);
  EXPECT_EQ(exact->find(wide.view, wide.view, 5, Metric::inner_product),
            cpu->find(wide.view, wide.view, 5, Metric::inner_product));
  EXPECT_EQ(exact->find(wide.view.slice(0, 0), wide.view, 5, Metric::inner_product), NeighborTable(0, 5));
}

TEST_F(CudaInputs, ProductsThatOverflowAreTheCpus) {
  const SharedMatrix queries = test::random_matrix(9, 12, 11, DType::bf16);
  const SharedMatrix keys = test::random_matrix(800, 12, 12, DType::bf16);
  for (std::size_t col = 0; col < 12; ++col) test::set_element(keys, 3, col, col % 2 == 0 ? 3e38F : -3e38F);
  for (std::size_t col = 0; col < 12; ++col) test::set_element(queries, 4, col, 30.0F);
  EXPECT_EQ(make_exact_topk_cuda()->find(queries.view, keys.view, 10, Metric::inner_product),
            make_exact_topk_cpu()->find(queries.view, keys.view, 10, Metric::inner_product));
}

TEST_F(CudaInputs, TooLittleMemoryIsAnErrorAndTheNextCallWorks) {
  const SharedMatrix queries = test::random_matrix(500, 64, 14, DType::bf16);
  const SharedMatrix keys = test::random_matrix(5000, 64, 15, DType::bf16);
  const auto small = make_exact_topk_cuda({.memory_limit = 1000});
  test::expect_error(ErrorCode::no_memory, "memory_limit is 1000",
                     [&] { (void)small->find(queries.view, keys.view, 3, Metric::inner_product); });

  const auto exact = make_exact_topk_cuda({.memory_limit = std::size_t{1} << 40U});
  std::size_t free = 0;
  std::size_t total = 0;
  ASSERT_EQ(cudaMemGetInfo(&free, &total), cudaSuccess);
  void* rest = nullptr;
  for (std::size_t leave = 8U << 20U; leave < free && rest == nullptr; leave *= 2) {
    if (cudaMalloc(&rest, free - leave) != cudaSuccess) cudaGetLastError();
  }
  ASSERT_NE(rest, nullptr);
  const SharedMatrix many = test::random_matrix(50000, 64, 16, DType::bf16);
  test::expect_error(ErrorCode::no_memory, "device memory",
                     [&] { (void)exact->find(many.view, keys.view, 1000, Metric::inner_product); });
  cudaFree(rest);
  test::expect_same_as_cpu(*exact, queries.view, keys.view, 3);
}

}  // namespace
}  // namespace rattan
