#include "rattan/exact_topk.h"

#include <cstdint>
#include <vector>

#include "tests/cuda/device_test.h"
#include "tests/support/errors.h"

namespace rattan {
namespace {

using ExactTopKCuda = test::CudaDevice;

TEST(ExactTopKCudaAbsence, SaysWhyThereIsNoDevice) {
  std::string why = "unset";
  if (cuda_available(&why)) {
    EXPECT_EQ(why, "");
    GTEST_SKIP() << "there is a device";
  }
  EXPECT_FALSE(why.empty());
  test::expect_error(ErrorCode::unsupported, why, [] { (void)make_exact_topk_cuda(); });
}

TEST_F(ExactTopKCuda, BothTypesAndEveryDim) {
  const auto exact = make_exact_topk_cuda();
  for (const DType type : {DType::bf16, DType::f16}) {
    for (const std::size_t dim : {1U, 7U, 32U, 63U, 64U, 65U, 96U, 128U, 130U, 192U, 256U}) {
      const SharedMatrix queries = test::random_matrix(70, dim, dim, type);
      const SharedMatrix keys = test::random_matrix(2500 + dim, dim, dim + 1, type);
      SCOPED_TRACE(std::string(to_string(type)) + " dim " + std::to_string(dim));
      test::expect_same_as_cpu(*exact, queries.view, keys.view, 20);
    }
  }
}

TEST_F(ExactTopKCuda, RaggedCountsAndEveryK) {
  const auto exact = make_exact_topk_cuda();
  const SharedMatrix queries = test::random_matrix(401, 48, 1, DType::bf16);
  for (const std::size_t n : {1U, 2U, 63U, 127U, 128U, 129U, 1023U, 1025U, 4097U, 20011U}) {
    const SharedMatrix keys = test::random_matrix(n, 48, n, DType::bf16);
    for (const std::uint32_t k : {1U, 10U, 100U, 1000U}) {
      SCOPED_TRACE("n " + std::to_string(n) + " k " + std::to_string(k));
      test::expect_same_as_cpu(*exact, queries.view.slice(0, n > 5000 ? 401 : 9), keys.view, k);
    }
  }
}

TEST_F(ExactTopKCuda, LargestK) {
  const SharedMatrix queries = test::random_matrix(20, 64, 2, DType::f16);
  const SharedMatrix keys = test::random_matrix(30000, 64, 3, DType::f16);
  test::expect_same_as_cpu(*make_exact_topk_cuda(), queries.view, keys.view, 1024);
}

TEST_F(ExactTopKCuda, LongContextAndManyChunks) {
  const SharedMatrix queries = test::random_matrix(900, 128, 4, DType::bf16);
  const SharedMatrix keys = test::random_matrix(70000, 128, 5, DType::bf16);
  test::expect_same_as_cpu(*make_exact_topk_cuda(), queries.view, keys.view, 100);
  test::expect_same_as_cpu(*make_exact_topk_cuda({.memory_limit = 70U << 20U}), queries.view, keys.view, 100);
}

// Ties go to the smaller id, and such rows defeat every threshold.
TEST_F(ExactTopKCuda, AllKeysEqual) {
  const SharedMatrix queries = test::random_matrix(30, 32, 6, DType::f16);
  const SharedMatrix keys = test::make_matrix(std::vector<float>(std::size_t{9000} * 32, 0.5F), 9000, 32, DType::f16);
  const NeighborTable found = make_exact_topk_cuda()->find(queries.view, keys.view, 64, Metric::inner_product);
  for (std::size_t row = 0; row < 30; ++row) {
    for (KeyId i = 0; i < 64; ++i) ASSERT_EQ(found.ids(row)[i], i);
  }
}

// Every key is there many times: no threshold cuts between equal scores, and a row keeps those of the smallest ids.
TEST_F(ExactTopKCuda, ManyEqualKeysAtTheEdge) {
  const SharedMatrix queries = test::random_matrix(200, 64, 9, DType::bf16);
  const SharedMatrix few = test::random_matrix(100, 64, 10, DType::bf16);
  std::vector<float> values;
  for (std::size_t i = 0; i < 20000; ++i) {
    const std::vector<double> row = test::row_values(few.view, i * 7919 % 100);
    values.insert(values.end(), row.begin(), row.end());
  }
  const SharedMatrix keys = test::make_matrix(values, 20000, 64, DType::bf16);
  for (const std::uint32_t k : {10U, 40U, 100U, 128U, 300U}) {
    SCOPED_TRACE(k);
    test::expect_same_as_cpu(*make_exact_topk_cuda(), queries.view, keys.view, k);
  }
}

// Where all scores are negative, so are the thresholds.
TEST_F(ExactTopKCuda, NegativeScores) {
  std::vector<float> values(std::size_t{30000} * 48);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = 1.0F + static_cast<float>(i * 2654435761U % 1021) / 1021.0F;
  const SharedMatrix keys = test::make_matrix(values, 30000, 48, DType::f16);
  for (float& value : values) value = -value;
  const SharedMatrix queries = test::make_matrix(values, 30000, 48, DType::f16);
  test::expect_same_as_cpu(*make_exact_topk_cuda(), queries.view.every(97), keys.view, 100);
  test::expect_same_as_cpu(*make_exact_topk_cuda(), queries.view.every(97), keys.view, 10);
}

TEST_F(ExactTopKCuda, ScoresThatRiseWithThePosition) {
  std::vector<float> values(std::size_t{6000} * 32, 0.0F);
  for (std::size_t i = 0; i < 6000; ++i) {
    values[i * 32] = static_cast<float>(i % 256);
    const std::size_t high = i / 256;
    values[i * 32 + 1] = static_cast<float>(high);
  }
  std::vector<float> query(32, 0.0F);
  query[0] = 1.0F;
  query[1] = 256.0F;
  const SharedMatrix keys = test::make_matrix(values, 6000, 32, DType::bf16);
  const SharedMatrix queries = test::make_matrix(query, 1, 32, DType::bf16);
  const NeighborTable found = make_exact_topk_cuda()->find(queries.view, keys.view, 50, Metric::inner_product);
  for (KeyId i = 0; i < 50; ++i) ASSERT_EQ(found.ids(0)[i], 5999 - i);
}

TEST_F(ExactTopKCuda, ARepeatedSearchGivesTheSameBytes) {
  const auto exact = make_exact_topk_cuda();
  const SharedMatrix queries = test::random_matrix(500, 64, 7, DType::bf16);
  const SharedMatrix keys = test::random_matrix(12000, 64, 8, DType::bf16);
  const NeighborTable first = exact->find(queries.view, keys.view, 30, Metric::inner_product);
  EXPECT_EQ(exact->find(queries.view, keys.view, 30, Metric::inner_product), first);
}

}  // namespace
}  // namespace rattan
