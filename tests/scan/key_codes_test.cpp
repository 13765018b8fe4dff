#include "scan/key_codes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "simd/kernels.h"
#include "tests/support/errors.h"
#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

KeyCodes make_codes(const SharedMatrix& keys, CodeLayout layout) { return {keys.view, layout, serial_executor()}; }

void expect_same_codes(const KeyCodes& found, const KeyCodes& expected) {
  ASSERT_EQ(found.rows(), expected.rows());
  ASSERT_EQ(found.bytes(), expected.bytes());
  ASSERT_EQ(found.parts().size(), expected.parts().size());
  for (std::size_t i = 0; i < expected.parts().size(); ++i) {
    EXPECT_EQ(found.parts()[i].end, expected.parts()[i].end);
    EXPECT_EQ(found.parts()[i].steps, expected.parts()[i].steps);
    EXPECT_EQ(found.parts()[i].lowest, expected.parts()[i].lowest);
    EXPECT_EQ(found.parts()[i].outliers, expected.parts()[i].outliers);
  }
  for (std::size_t c = 0; c < expected.dim(); ++c) {
    for (std::size_t key = 0; key < expected.rows(); ++key) {
      ASSERT_EQ(found.code(static_cast<KeyId>(key), c), expected.code(static_cast<KeyId>(key), c)) << key << ' ' << c;
    }
  }
}

TEST(KeyCodes, EveryElementIsWithinHalfAStep) {
  for (const CodeLayout layout : {CodeLayout::rows4, CodeLayout::rows8, CodeLayout::blocks4}) {
    for (std::size_t dim = 1; dim <= 130; ++dim) {
      const SharedMatrix keys = random_matrix(20, dim, dim, all_dtypes[dim % 3], dim + 3);
      const KeyCodes codes = make_codes(keys, layout);
      for (KeyId key = 0; key < 20; ++key) {
        for (std::size_t c = 0; c < dim; ++c) {
          const double steps =
              (element(keys.view, key, c) - double{codes.parts()[0].lowest[c]}) / double{codes.parts()[0].steps[c]};
          ASSERT_LE(codes.code(key, c), codes.largest_code());
          ASSERT_LE(std::abs(codes.code(key, c) - steps), 0.5 + 1e-5) << "dim " << dim << ", channel " << c;
        }
      }
    }
  }
}

// The bytes as simd/code_kernels.h wants them, not only as code() reads them back.
TEST(KeyCodes, BytesLieAsTheKernelsWant) {
  const SharedMatrix keys = random_matrix(37, 70, 5);
  const KeyCodes rows = make_codes(keys, CodeLayout::rows4);
  const KeyCodes blocks = make_codes(keys, CodeLayout::blocks4);
  ASSERT_EQ(rows.row_bytes(), 64U);
  ASSERT_EQ(blocks.bytes(), 48U * 64);
  for (KeyId key = 0; key < 48; ++key) {
    for (std::size_t j = 0; j < 64; ++j) {
      const std::byte found = blocks.block(key / 16)[j / 4 * 64 + key % 16 * 4 + j % 4];
      ASSERT_EQ(found, key < 37 ? rows.row(key)[j] : std::byte{0}) << key << ' ' << j;
      if (key >= 37) continue;
      ASSERT_EQ(std::to_integer<unsigned>(found) & 15U, rows.code(key, j));
      if (j + 64 < 70) {
        ASSERT_EQ(std::to_integer<unsigned>(found) >> 4U, rows.code(key, j + 64));
      }
    }
  }
}

TEST(KeyCodes, RowsAreAsWideAsTheKernelsWant) {
  EXPECT_EQ(make_codes(random_matrix(3, 128, 1), CodeLayout::rows4).row_bytes(), 64U);
  EXPECT_EQ(make_codes(random_matrix(3, 64, 1), CodeLayout::rows4).row_bytes(), 32U);
  EXPECT_EQ(make_codes(random_matrix(3, 65, 1), CodeLayout::rows4).row_bytes(), 64U);
  EXPECT_EQ(make_codes(random_matrix(3, 65, 1), CodeLayout::rows8).row_bytes(), 128U);
  const KeyCodes codes = make_codes(random_matrix(3, 128, 1), CodeLayout::rows4);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(codes.row(0)) % 64, 0U);
}

TEST(KeyCodes, BytesAreKnownBefore) {
  for (const CodeLayout layout : {CodeLayout::rows4, CodeLayout::rows8, CodeLayout::blocks4}) {
    for (const std::size_t dim : {1U, 64U, 65U}) {
      for (const std::size_t rows : {0U, 1U, 16U, 33U}) {
        EXPECT_EQ(KeyCodes::bytes_for(rows, dim, layout), make_codes(random_matrix(rows, dim, 1), layout).bytes());
      }
    }
  }
}

TEST(KeyCodes, AChannelWithoutSpreadHasCodeZero) {
  const SharedMatrix keys = make_matrix(std::vector<float>{3, 1, 3, 2, 3, 5}, 3, 2);
  const KeyCodes codes = make_codes(keys, CodeLayout::rows4);
  EXPECT_EQ(codes.parts()[0].lowest[0], 3.0F);
  EXPECT_GT(codes.parts()[0].steps[0], 0.0F);
  for (KeyId key = 0; key < 3; ++key) EXPECT_EQ(codes.code(key, 0), 0U);
}

TEST(KeyCodes, StepsStayFiniteForTheLargestAndSmallestNumbers) {
  for (const float size : {65504.0F, 1e30F, 3.4e38F, 1e-44F}) {
    const SharedMatrix keys = make_matrix(std::vector<float>{size, -size, size, 0, -size, size}, 3, 2);
    for (const CodeLayout layout : {CodeLayout::rows4, CodeLayout::rows8}) {
      const KeyCodes codes = make_codes(keys, layout);
      for (std::size_t c = 0; c < 2; ++c) EXPECT_TRUE(std::isnormal(codes.parts()[0].steps[c])) << size;
      if (size > 1) {
        EXPECT_EQ(codes.code(2, 1), codes.largest_code()) << size;
      }
    }
  }
}

TEST(KeyCodes, FurtherKeysHaveRangesOfTheirOwn) {
  const SharedMatrix keys = random_matrix(70, 33, 4, DType::f16);
  for (const CodeLayout layout : {CodeLayout::rows4, CodeLayout::rows8, CodeLayout::blocks4}) {
    const KeyCodes base = make_codes(keys, layout);
    const SharedMatrix further = make_matrix(std::vector<float>(33, 1e30F), 1, 33);
    AlignedVector<std::byte> codes(32 * base.row_bytes());
    const CodePart part = base.encode(further.view, 16, codes.data(), serial_executor());
    EXPECT_EQ(part.end, 17U);
    EXPECT_EQ(part.lowest[32], 1e30F);
    EXPECT_EQ(part.steps[32], 1.0F);
    EXPECT_EQ(base.parts()[0].end, 70U);
    EXPECT_LT(base.parts()[0].steps[32], 1.0F);
  }
}

TEST(KeyCodes, ScannedCodesHaveRangesForEvery4096Keys) {
  SharedMatrix keys = random_matrix(9000, 3, 4);
  set_element(keys, 5000, 1, 7);
  const KeyCodes codes = make_codes(keys, CodeLayout::blocks4);
  ASSERT_EQ(codes.parts().size(), 3U);
  EXPECT_EQ(codes.parts()[1].end, 8192U);
  EXPECT_EQ(codes.parts()[2].end, 9000U);
  EXPECT_GT(codes.parts()[1].steps[1], codes.parts()[0].steps[1] * 1.2F);
  EXPECT_EQ(make_codes(keys, CodeLayout::rows4).parts().size(), 1U);
}

// Keys far outside of the others' ranges: these stay as fine as without them.
TEST(KeyCodes, OutliersAreKeptOutOfTheRangesAndHaveTypicalCodes) {
  const SharedMatrix keys = random_matrix(3000, 20, 4);
  const KeyCodes without = make_codes(keys, CodeLayout::rows4);
  EXPECT_EQ(without.bytes(), 3000U * 32);
  for (const float size : {60.0F, 1e4F, 1e30F}) {
    set_element(keys, 17, 5, size);
    set_element(keys, 2999, 19, -size);
    const KeyCodes codes = make_codes(keys, CodeLayout::rows4);
    EXPECT_EQ(codes.parts()[0].outliers, (std::vector<KeyId>{17, 2999})) << size;
    EXPECT_EQ(codes.bytes(), 3000U * 32 + 8);
    for (std::size_t c = 0; c < 20; ++c) {
      EXPECT_LE(codes.parts()[0].steps[c], without.parts()[0].steps[c]);
      EXPECT_NEAR(codes.code(17, c), 7.5, 4.0);
      EXPECT_EQ(codes.code(17, c), codes.code(2999, c));
    }
  }
}

TEST(KeyCodes, TheSameForAnyNumberOfThreads) {
  const SharedMatrix keys = random_matrix(5000, 24, 6, DType::bf16);
  for (const CodeLayout layout : {CodeLayout::rows4, CodeLayout::blocks4}) {
    const KeyCodes expected = make_codes(keys, layout);
    for (const unsigned threads : {2U, 3U}) {
      const auto executor = make_openmp_executor(threads);
      expect_same_codes(KeyCodes(keys.view, layout, *executor), expected);
    }
  }
}

TEST(KeyCodes, OneKeyAndNoKeys) {
  const KeyCodes none = make_codes(random_matrix(0, 5, 1), CodeLayout::rows4);
  EXPECT_EQ(none.rows(), 0U);
  EXPECT_EQ(none.parts()[0].steps[4], 1.0F);
  EXPECT_EQ(make_codes(random_matrix(1, 5, 1), CodeLayout::rows8).code(0, 4), 0U);
}

}  // namespace
}  // namespace rattan::test
