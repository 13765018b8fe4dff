// The slice that golden figures are given for: that it is the documented one.
#include <gtest/gtest.h>

#include <cmath>

#include "datasets/qkv_dump.h"
#include "tests/support/errors.h"
#include "tests/support/files.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan::datasets {
namespace {

KvGroup slice() { return QkvDump::open(test::trained_slice()).group(3, 0); }

TEST(TrainedSlice, HasTheDocumentedForm) {
  EXPECT_LT(std::filesystem::file_size(test::trained_slice()), 1'000'000U);
  const KvGroup group = slice();
  EXPECT_EQ(group.layer, 3);
  EXPECT_EQ(group.heads(), 4U);
  EXPECT_EQ(group.dim(), 128U);
  EXPECT_EQ(group.prefill, 1344U);
  EXPECT_EQ(group.keys.view.rows, 1408U);
  EXPECT_EQ(group.values.view.rows, 1408U);
  EXPECT_EQ(group.keys.view.dtype, DType::f16);
  EXPECT_EQ(group.prefill_positions.size(), 192U);
  EXPECT_EQ(group.prefill_positions[1], 7);
  EXPECT_EQ(group.decode_positions.size(), 64U);
  EXPECT_EQ(group.decode_positions.front(), 1344);
  EXPECT_EQ(group.decode_positions.back(), 1407);
  EXPECT_EQ(group.source.rfind("trained 23M", 0), 0U);
}

// The same sum as computed by NumPy in float64: every fourth decode row, mass on all keys before the last 64 of the
// prefill.
TEST(TrainedSlice, LooksLikeAttention) {
  const KvGroup group = slice();
  double far_mass = 0;
  for (std::size_t head = 0; head < group.heads(); ++head) {
    for (std::size_t row = 0; row < 64; row += 4) {
      far_mass +=
          test::reference_mass(group.decode_queries[head].view, row, group.keys.view,
                               static_cast<std::size_t>(group.decode_positions[row]) + 1, 0, 1280, group.softmax_scale);
    }
  }
  EXPECT_NEAR(far_mass / 64, 0.30771738832505, 1e-9);
}

TEST(TrainedSlice, AnotherPathIsAnotherFile) {
  const test::TempDirectory directory;
  test::expect_error(ErrorCode::not_found, "moved", [&] { QkvDump::open(directory / "moved"); });
}

}  // namespace
}  // namespace rattan::datasets
