// The references that other tests trust, on cases small enough to work out by hand.
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <thread>
#include <vector>

#include "tests/support/allocations.h"
#include "tests/support/errors.h"
#include "tests/support/files.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan::test {
namespace {

TEST(Matrices, KeepValuesInEveryDtype) {
  const std::vector<float> values = {1.0F, -2.5F, 0.0F, 1024.0F, 0.5F, -0.125F};
  for (const DType dtype : all_dtypes) {
    const SharedMatrix matrix = make_matrix(values, 2, 3, dtype);
    EXPECT_EQ(row_values(matrix.view, 0), (std::vector<double>{1.0, -2.5, 0.0})) << to_string(dtype);
    EXPECT_EQ(row_values(matrix.view, 1), (std::vector<double>{1024.0, 0.5, -0.125})) << to_string(dtype);
  }
}

TEST(Matrices, DependOnTheSeedAlone) {
  const SharedMatrix one = random_matrix(5, 7, 3, DType::f16);
  const SharedMatrix wide = random_matrix(5, 7, 3, DType::f16, 11);
  const SharedMatrix other = random_matrix(5, 7, 4, DType::f16);
  EXPECT_EQ(wide.view.row_stride, 11U);
  EXPECT_EQ(row_values(one.view, 4), row_values(wide.view, 4));
  EXPECT_NE(row_values(one.view, 4), row_values(other.view, 4));
  EXPECT_TRUE(std::isnan(element({wide.view.data, DType::f16, 5, 11}, 0, 7)));
}

TEST(Matrices, CanLieAtOddAddresses) {
  const SharedMatrix matrix = random_matrix(3, 5, 1, DType::bf16, 8);
  const SharedMatrix odd = at_offset(matrix.view, 3);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(odd.view.data) % 64, 3U);
  EXPECT_EQ(row_values(odd.view, 2), row_values(matrix.view, 2));
}

TEST(Reference, ScoresByHand) {
  const SharedMatrix a = make_matrix(std::vector<float>{1, 2, 3}, 1, 3);
  const SharedMatrix b = make_matrix(std::vector<float>{0, 1, 5}, 1, 3);
  EXPECT_DOUBLE_EQ(reference_score(a.view, 0, b.view, 0), 17.0);
  EXPECT_DOUBLE_EQ(reference_score(a.view, 0, b.view, 0, Metric::l2), -6.0);
}

TEST(Reference, TopKBreaksTiesByIdAndFills) {
  const SharedMatrix keys = make_matrix(std::vector<float>{1, 3, 2, 3}, 4, 1);
  const SharedMatrix queries = make_matrix(std::vector<float>{1, 1}, 2, 1);
  const std::vector<std::int64_t> positions = {10, 2};
  const NeighborTable all = reference_topk(queries.view, keys.view, 3);
  EXPECT_EQ(std::vector<KeyId>(all.ids(0).begin(), all.ids(0).end()), (std::vector<KeyId>{1, 3, 2}));
  const Visibility visible{{1, 4}, positions, 1};
  const NeighborTable some = reference_topk(queries.view, keys.view, 3, Metric::inner_product, visible);
  EXPECT_EQ(std::vector<KeyId>(some.ids(0).begin(), some.ids(0).end()), (std::vector<KeyId>{1, 3, 2}));
  EXPECT_EQ(std::vector<KeyId>(some.ids(1).begin(), some.ids(1).end()), (std::vector<KeyId>{1, no_key, no_key}));
}

TEST(Reference, SeesAWrongNeighbor) {
  static const SharedMatrix keys = make_matrix(std::vector<float>{1, 3, 2}, 3, 1);
  static const SharedMatrix query = make_matrix(std::vector<float>{1}, 1, 1);
  static const NeighborTable truth = reference_topk(query.view, keys.view, 2);
  static NeighborTable found = truth;
  expect_neighbors(found, truth, query.view, keys.view, 1e-6);
  found.ids(0)[1] = 0;
  found.scores(0)[1] = 1.0F;
  EXPECT_FATAL_FAILURE(expect_neighbors(found, truth, query.view, keys.view, 1e-6), "key 0");
}

TEST(Reference, AttentionByHand) {
  const SharedMatrix keys = make_matrix(std::vector<float>{0, std::log(3.0F)}, 2, 1);
  const SharedMatrix values = make_matrix(std::vector<float>{4, 8}, 2, 1);
  const SharedMatrix query = make_matrix(std::vector<float>{1}, 1, 1);
  const ReferenceAttention both = reference_attention(query.view, 0, keys.view, values.view, all_ids(2), 1.0);
  EXPECT_NEAR(both.output[0], 7.0, 1e-6);
  EXPECT_NEAR(both.lse, std::log(4.0), 1e-6);
  const ReferenceAttention none = reference_attention(query.view, 0, keys.view, values.view, {}, 1.0);
  EXPECT_EQ(none.output[0], 0.0);
  EXPECT_EQ(none.lse, -std::numeric_limits<double>::infinity());
}

TEST(Files, TempDirectoriesVanish) {
  std::filesystem::path path;
  {
    const TempDirectory folder;
    path = folder.path();
    write_file(folder / "x", std::string_view("a\0b", 3));
    EXPECT_EQ(read_file(folder / "x"), std::string("a\0b", 3));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Errors, AreJudgedByCodeAndText) {
  const auto call = [] { throw Error(ErrorCode::io, "cannot read x"); };
  expect_error(ErrorCode::io, "read x", call);
  EXPECT_NONFATAL_FAILURE(expect_error(ErrorCode::io, "k is 0", [] { throw Error(ErrorCode::io, "cannot read x"); }),
                          "does not name");
  EXPECT_NONFATAL_FAILURE(expect_error(ErrorCode::io, "x", [] {}), "nothing was thrown");
}

TEST(Allocations, AreCountedPerThreadAndTogether) {
  const std::size_t mine = thread_allocations();
  const std::size_t all = all_allocations();
  EXPECT_EQ(thread_allocations(), mine);
  std::vector<int> some(100);
  some.reserve(200);
  if (all_allocations() == 0) GTEST_SKIP() << "operator new is not ours in this build";
  EXPECT_EQ(thread_allocations(), mine + 2);
  const std::size_t before = thread_allocations();
  std::thread([] { std::vector<double>(10).shrink_to_fit(); }).join();
  EXPECT_GE(all_allocations(), all + 3);
  EXPECT_LE(thread_allocations(), before + 1);  // what starting a thread takes
}

}  // namespace
}  // namespace rattan::test
