#include "storage/checksum.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string_view>
#include <vector>

namespace rattan {
namespace {

std::uint64_t hash(std::string_view text, std::uint64_t seed = 0) {
  return checksum(std::as_bytes(std::span(text)), seed);
}

// Part of the file format: these values must never change. They are XXH3-64's published value for the empty input, and
// values recorded when format version 1 was made.
TEST(Checksum, ValuesAreFixedForEver) {
  EXPECT_EQ(hash(""), 0x2d06800538d394c2ULL);
  EXPECT_EQ(hash("a"), 0xe6c632b61e964e1fULL);
  EXPECT_NE(hash("", 1), hash(""));
  EXPECT_NE(hash("a", 1), hash("a"));
}

TEST(Checksum, DependsOnEveryBitAndOnTheLength) {
  for (const std::size_t size : {1U, 3U, 16U, 17U, 128U, 240U, 241U, 1024U, 1500U}) {
    std::vector<std::byte> bytes(size, std::byte{0x5a});
    const std::uint64_t clean = checksum(bytes);
    for (std::size_t bit = 0; bit < 8 * size; ++bit) {
      bytes[bit / 8] ^= std::byte{1} << (bit % 8);
      EXPECT_NE(checksum(bytes), clean) << size << " bytes, bit " << bit;
      bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    }
    bytes.push_back(std::byte{0});
    EXPECT_NE(checksum(bytes), clean);
  }
}

TEST(Fingerprint, SeesElementsShapeAndDtypeButNotTheStride) {
  std::vector<std::uint16_t> dense(6 * 5);
  for (std::size_t i = 0; i < dense.size(); ++i) dense[i] = static_cast<std::uint16_t>(i * 7);
  std::vector<std::uint16_t> strided(6 * 9, 0xffff);
  for (std::size_t row = 0; row < 6; ++row) std::memcpy(&strided[row * 9], &dense[row * 5], 10);

  const MatrixView view(dense.data(), DType::f16, 6, 5);
  const std::uint64_t clean = fingerprint(view);
  EXPECT_EQ(fingerprint({strided.data(), DType::f16, 6, 5, 9}), clean);
  strided[8] = 1;
  EXPECT_EQ(fingerprint({strided.data(), DType::f16, 6, 5, 9}), clean) << "bytes between the rows do not count";

  EXPECT_NE(fingerprint({dense.data(), DType::bf16, 6, 5}), clean);
  EXPECT_NE(fingerprint({dense.data(), DType::f16, 5, 6}), clean);
  EXPECT_NE(fingerprint({dense.data(), DType::f16, 5, 5}), clean);
  dense[29] ^= 1;
  EXPECT_NE(fingerprint(view), clean);
}

TEST(Fingerprint, LargeStridedMatricesHashAsDenseOnes) {
  const std::size_t rows = 300;
  const std::size_t cols = 67;
  std::vector<float> dense(rows * cols);
  for (std::size_t i = 0; i < dense.size(); ++i) dense[i] = static_cast<float>(i);
  std::vector<float> strided(rows * (cols + 3));
  for (std::size_t row = 0; row < rows; ++row) {
    std::memcpy(&strided[row * (cols + 3)], &dense[row * cols], cols * sizeof(float));
  }
  EXPECT_EQ(fingerprint({strided.data(), DType::f32, rows, cols, cols + 3}),
            fingerprint({dense.data(), DType::f32, rows, cols}));
}

TEST(Fingerprint, EmptyMatricesDifferByShape) {
  EXPECT_EQ(fingerprint({nullptr, DType::f32, 0, 4}), fingerprint({nullptr, DType::f32, 0, 4, 9}));
  EXPECT_NE(fingerprint({nullptr, DType::f32, 0, 4}), fingerprint({nullptr, DType::f32, 0, 5}));
}

}  // namespace
}  // namespace rattan
