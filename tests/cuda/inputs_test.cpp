// Where inputs lie and what is wrong with them: strides, odd addresses, device memory, streams, limits, bad values.
#include <cstring>
#include <limits>
#include <vector>

#include "tests/cuda/device_test.h"
#include "tests/support/errors.h"

namespace rattan {
namespace {

using CudaInputs = test::CudaDevice;

using test::OnDevice;

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

// What the caller's stream still has to do comes first: keys and queries are on their way when the search is asked for.
TEST_F(CudaInputs, ACallersStreamIsHonoured) {
  const SharedMatrix queries = test::random_matrix(500, 64, 21, DType::bf16);
  const SharedMatrix keys = test::random_matrix(20000, 64, 22, DType::bf16);
  const OnDevice device_queries(queries.view);
  const OnDevice device_keys(keys.view);
  const NeighborTable wanted = make_exact_topk_cuda()->find(queries.view, keys.view, 10, Metric::inner_product);
  constexpr std::size_t work_bytes = std::size_t{256} << 20U;
  void* work = nullptr;
  void* pinned = nullptr;
  ASSERT_EQ(cudaMalloc(&work, work_bytes), cudaSuccess);
  ASSERT_EQ(cudaMallocHost(&pinned, device_keys.bytes() + device_queries.bytes()), cudaSuccess);
  auto* pinned_queries = static_cast<std::byte*>(pinned) + device_keys.bytes();
  std::memcpy(pinned, keys.view.data, device_keys.bytes());
  std::memcpy(pinned_queries, queries.view.data, device_queries.bytes());
  cudaStream_t stream = nullptr;
  ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  {
    const auto exact = make_exact_topk_cuda({.stream = stream});
    cudaMemset(device_keys.data(), 0, device_keys.bytes());
    cudaMemset(device_queries.data(), 0, device_queries.bytes());
    cudaDeviceSynchronize();
    for (int i = 0; i < 50; ++i) cudaMemsetAsync(work, i, work_bytes, stream);
    cudaMemcpyAsync(device_keys.data(), pinned, device_keys.bytes(), cudaMemcpyHostToDevice, stream);
    cudaMemcpyAsync(device_queries.data(), pinned_queries, device_queries.bytes(), cudaMemcpyHostToDevice, stream);
    EXPECT_EQ(exact->find(device_queries.view(), device_keys.view(), 10, Metric::inner_product), wanted);

    MatrixView from_pinned = queries.view;
    from_pinned.data = pinned_queries;
    EXPECT_EQ(exact->find(from_pinned, keys.view, 10, Metric::inner_product), wanted) << "queries in pinned memory";
  }
  cudaStreamDestroy(stream);
  cudaFreeHost(pinned);
  cudaFree(work);
}

// Memory that searches share holds what was there before; so does a table's.
TEST_F(CudaInputs, EarlierSearchesLeaveNoTrace) {
  const auto exact = make_exact_topk_cuda();
  const SharedMatrix many = test::random_matrix(3000, 128, 23, DType::bf16);
  const SharedMatrix keys = test::random_matrix(30000, 128, 24, DType::bf16);
  (void)exact->find(many.view, keys.view, 128, Metric::inner_product);
  for (const std::size_t n : {5U, 700U, 9000U}) {
    { const std::vector<std::byte> freed(std::size_t{40} << 20U, std::byte{0xab}); }  // where a table may come to lie
    const SharedMatrix few = test::random_matrix(n, 40, 25, DType::f16);
    test::expect_same_as_cpu(*exact, few.view.slice(0, std::min<std::size_t>(n, 400)), few.view, 90);
  }
}

TEST_F(CudaInputs, TablesAreUsedAgain) {
  const auto exact = make_exact_topk_cuda();
  const SharedMatrix queries = test::random_matrix(300, 64, 26, DType::bf16);
  const SharedMatrix keys = test::random_matrix(9000, 64, 27, DType::bf16);
  NeighborTable table(300, 20);
  const KeyId* memory = table.ids(0).data();
  for (const std::size_t n : {9000U, 7U, 4000U}) {
    exact->find_into(table, queries.view, keys.view.slice(0, n), 20, Metric::inner_product);
    EXPECT_EQ(table, exact->find(queries.view, keys.view.slice(0, n), 20, Metric::inner_product));
    EXPECT_EQ(table.ids(0).data(), memory);
  }
  exact->find_into(table, queries.view, keys.view, 21, Metric::inner_product);
  EXPECT_EQ(table, exact->find(queries.view, keys.view, 21, Metric::inner_product));
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

// FAULTS G8.
TEST_F(CudaInputs, G8_TooLittleMemoryIsAnErrorAndTheNextCallWorks) {
  const SharedMatrix queries = test::random_matrix(500, 64, 14, DType::bf16);
  const SharedMatrix keys = test::random_matrix(5000, 64, 15, DType::bf16);
  const auto small = make_exact_topk_cuda({.memory_limit = 1000});
  test::expect_error(ErrorCode::no_memory, "memory_limit is 1000",
                     [&] { (void)small->find(queries.view, keys.view, 3, Metric::inner_product); });

  const auto enough = make_exact_topk_cuda({.memory_limit = std::size_t{20} << 20U});
  const SharedMatrix more = test::random_matrix(200000, 64, 17, DType::bf16);
  test::expect_error(ErrorCode::no_memory, "this search needs",
                     [&] { (void)enough->find(queries.view, more.view, 3, Metric::inner_product); });
  test::expect_same_as_cpu(*enough, queries.view, keys.view, 3);

  const auto exact = make_exact_topk_cuda({.memory_limit = std::size_t{1} << 40U});
  std::size_t free = 0;
  std::size_t total = 0;
  ASSERT_EQ(cudaMemGetInfo(&free, &total), cudaSuccess);
  void* rest = nullptr;
  for (std::size_t leave = std::size_t{8} << 20U; leave < free && rest == nullptr; leave *= 2) {
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
