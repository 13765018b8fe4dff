#include "datasets/embedded.h"

#include <gtest/gtest.h>

#include <cmath>

#include "datasets/safetensors.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan::datasets {
namespace {

TEST(Embedded, HasTheDocumentedForm) {
  EXPECT_EQ(embedded_file().size(), 4'123'968U);
  const KvGroup group = embedded_group();
  EXPECT_EQ(group.layer, 14);
  EXPECT_EQ(group.kv_head, 1);
  EXPECT_EQ(group.heads(), 6U);
  EXPECT_EQ(group.dim(), 128U);
  EXPECT_EQ(group.prefill, 26624U);
  EXPECT_EQ(group.keys.view.rows, 26752U);
  EXPECT_EQ(group.keys.view.dtype, DType::bf16);
  EXPECT_EQ(group.values.view.rows, 0U);
  ASSERT_EQ(group.prefill_queries.size(), 6U);
  EXPECT_EQ(group.prefill_queries[5].view.rows, 768U);
  EXPECT_EQ(group.decode_queries[5].view.rows, 128U);
  EXPECT_EQ(group.prefill_positions.size(), 768U);
  EXPECT_EQ(group.prefill_positions.front(), 0);
  EXPECT_EQ(group.decode_positions.front(), 26624);
  EXPECT_EQ(group.decode_positions.back(), 26751);
  EXPECT_EQ(group.source.rfind("Qwen2.5-Coder-1.5B", 0), 0U);
}

TEST(Embedded, ValuesAreBytesByTheScaleAndOffsetOfTheirColumn) {
  const Safetensors file = Safetensors::parse({embedded_file(), nullptr, "embedded"});
  const KvGroup group = embedded_group();
  const auto number = [&](const char* tensor, std::size_t head, std::size_t column) {
    return test::row_values(file.matrix(tensor).view, head)[column];
  };
  const auto byte_of = [&](const char* tensor, std::size_t at) {
    return std::to_integer<int>(file.at(tensor).bytes[at]);
  };
  for (const std::size_t column : {0U, 63U, 127U}) {
    const double key =
        number("k_offset", 0, column) + number("k_scale", 0, column) * byte_of("k", 26751 * 128 + column);
    EXPECT_NEAR(test::row_values(group.keys.view, 26751)[column], key, std::abs(key) / 256);
    const std::size_t row = 5 * 896 + 768;  // the first decode row of the last query head
    const double query =
        number("q_offset", 5, column) + number("q_scale", 5, column) * byte_of("q", row * 128 + column);
    EXPECT_NEAR(test::row_values(group.decode_queries[5].view, 0)[column], query, std::abs(query) / 256);
  }
}

// The same sum as computed by NumPy in float64 from the file: every 16th decode row, mass on all keys that a default
// window leaves to the index.
TEST(Embedded, LooksLikeAttention) {
  const KvGroup group = embedded_group();
  double far_mass = 0;
  for (std::size_t head = 0; head < group.heads(); ++head) {
    for (std::size_t row = 0; row < 128; row += 16) {
      far_mass += test::reference_mass(group.decode_queries[head].view, row, group.keys.view,
                                       static_cast<std::size_t>(group.decode_positions[row]) + 1, 128, 26112,
                                       group.softmax_scale);
    }
  }
  EXPECT_NEAR(far_mass / 48, 0.15415853365769366, 1e-9);
}

}  // namespace
}  // namespace rattan::datasets
