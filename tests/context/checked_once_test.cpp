// A program of its own: its linker sends calls of check_finite here (tests/context/CMakeLists.txt).
#include <gtest/gtest.h>

#include <cstddef>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "rattan/context.h"
#include "scan/checked_matrix.h"
#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

std::mutex mutex;
std::vector<MatrixView> looked_at;

}  // namespace

void real_check(MatrixView matrix, std::string_view name, Executor& executor, Allowed allowed) asm(
    "__real__ZN6rattan12check_finiteENS_10MatrixViewESt17basic_string_viewIcSt11char_traitsIcEERNS_8ExecutorENS_"
    "7AllowedE");
void counted_check(MatrixView matrix, std::string_view name, Executor& executor, Allowed allowed) asm(
    "__wrap__ZN6rattan12check_finiteENS_10MatrixViewESt17basic_string_viewIcSt11char_traitsIcEERNS_8ExecutorENS_"
    "7AllowedE");

void counted_check(MatrixView matrix, std::string_view name, Executor& executor, Allowed allowed) {
  {
    const std::lock_guard lock(mutex);
    looked_at.push_back(matrix);
  }
  real_check(matrix, name, executor, allowed);
}

namespace {

// How many rows of `matrix` were looked at, all calls together.
std::size_t rows_looked_at(const MatrixView& matrix) {
  const auto* const begin = static_cast<const std::byte*>(matrix.data);
  const auto* const end = begin + matrix.rows * matrix.row_stride * dtype_size(matrix.dtype);
  std::size_t rows = 0;
  for (const MatrixView& view : looked_at) {
    const auto* const data = static_cast<const std::byte*>(view.data);
    if (data >= begin && data < end) rows += view.rows;
  }
  return rows;
}

struct Prefill {
  static constexpr std::size_t tokens = 1200;
  std::vector<SharedMatrix> keys{random_matrix(tokens, 16, 1, DType::bf16), random_matrix(tokens, 16, 2, DType::bf16)};
  std::vector<SharedMatrix> values{random_matrix(tokens, 8, 3, DType::bf16), random_matrix(tokens, 8, 4, DType::bf16)};
  std::vector<SharedMatrix> owned_queries;
  std::vector<MatrixView> queries;

  Prefill() {
    for (std::uint64_t head = 0; head < 4; ++head) owned_queries.push_back(random_matrix(tokens, 16, 5 + head));
    for (const SharedMatrix& head : owned_queries) queries.push_back(head.view);
  }
};

class CheckedOnce : public testing::TestWithParam<HeadKind> {};

// Links, every index that is tried, its codes and the clusters are made of the same keys.
TEST_P(CheckedOnce, ABuildOfAHeadLooksAtEachMatrixOnce) {
  const Prefill prefill;
  ContextShape shape;
  shape.layers = 1;
  shape.query_heads = 4;
  shape.kv_heads = 2;
  shape.key_dim = 16;
  shape.value_dim = 8;
  shape.dtype = DType::bf16;
  ContextParams params;
  params.kind = GetParam();
  params.capacity = 2000;
  params.clusters = 16;
  params.links_k = 16;
  params.budget.k = 20;
  params.budget.epsilon = 0.01;
  params.executor = &serial_executor();
  Context context(shape, params);
  looked_at.clear();
  context.build_layer(0, prefill.keys, prefill.values, prefill.queries, {});
  for (const SharedMatrix& keys : prefill.keys) EXPECT_EQ(rows_looked_at(keys.view), Prefill::tokens);
  for (const SharedMatrix& values : prefill.values) EXPECT_EQ(rows_looked_at(values.view), Prefill::tokens);
  for (const MatrixView& queries : prefill.queries) EXPECT_EQ(rows_looked_at(queries), Prefill::tokens);
}

INSTANTIATE_TEST_SUITE_P(Kinds, CheckedOnce,
                         testing::Values(HeadKind::automatic, HeadKind::flat, HeadKind::scan4, HeadKind::graph));

}  // namespace
}  // namespace rattan::test
