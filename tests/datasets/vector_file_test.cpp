#include "datasets/vector_file.h"

#include <gtest/gtest.h>

#include "tests/datasets/vector_files.h"
#include "tests/support/errors.h"

namespace rattan::datasets {
namespace {

TEST(VectorFile, EachFormatHoldsTheSame) {
  const test::TempDirectory folder;
  const SharedMatrix matrix = test::random_matrix(7, 5, 1);
  test::write_npy(folder / "a.npy", matrix.view);
  test::write_xbin(folder / "a.fbin", matrix.view);
  test::write_fvecs(folder / "a.fvecs", matrix.view);
  for (const char* name : {"a.npy", "a.fbin", "a.fvecs"}) {
    EXPECT_EQ(test::floats_of(read_vectors(folder / name).view), test::floats_of(matrix.view)) << name;
  }
  test::write_ibin(folder / "a.ibin", {1, 2, 3, 4}, 2);
  EXPECT_EQ(read_ids(folder / "a.ibin").values, (std::vector<std::int32_t>{1, 2, 3, 4}));
  test::expect_error(ErrorCode::unsupported, "a.ibin: is an ibin file", [&] { read_vectors(folder / "a.ibin"); });
  test::expect_error(ErrorCode::unsupported, "a.npy: is a NumPy array", [&] { read_ids(folder / "a.npy"); });
}

}  // namespace
}  // namespace rattan::datasets
