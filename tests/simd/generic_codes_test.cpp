// Kernels over codes: exact sums, so every set must give the integer reference to the bit.
#include "simd/generic_codes.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "core/random.h"
#include "operands.h"
#include "simd/kernels.h"

namespace rattan::test {
namespace {

constexpr std::size_t most_queries = 13;  // every remainder of four, with several passes

constexpr float untouched = -12345.0F;

std::uint8_t random_byte(std::uint64_t seed, std::size_t i) {
  return static_cast<std::uint8_t>(random_below(seed, i, 256));
}

// Two planes of bytes that kernels may meet: -127..127, for the low plane of 8-bit codes -64..63.
std::vector<std::int8_t> random_queries(std::size_t queries, std::size_t row_bytes, bool eight, bool extreme) {
  std::vector<std::int8_t> out(queries * 2 * row_bytes);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const bool low_plane = eight && i / row_bytes % 2 == 1;
    const int reach = low_plane ? 64 : 127;
    const int value = static_cast<int>(random_below(7, i, static_cast<std::uint64_t>(2 * reach))) - reach;
    out[i] = static_cast<std::int8_t>(extreme ? -reach : value);
  }
  return out;
}

float expected4(const std::int8_t* query, const std::uint8_t* row, std::size_t row_bytes) {
  std::int64_t sum = 0;
  for (std::size_t j = 0; j < row_bytes; ++j) sum += (row[j] & 15) * query[j] + (row[j] >> 4) * query[row_bytes + j];
  return static_cast<float>(sum);
}

float expected8(const std::int8_t* query, const std::uint8_t* row, std::size_t row_bytes) {
  std::int64_t sum = 0;
  for (std::size_t j = 0; j < row_bytes; ++j) sum += std::int64_t{row[j]} * (128 * query[j] + query[row_bytes + j]);
  return static_cast<float>(sum);
}

class CodesTest : public testing::TestWithParam<const simd::Kernels*> {
 protected:
  // Rows end where readable memory ends, and begin at any byte offset.
  void check_rows(bool eight, std::size_t row_bytes, std::size_t rows, std::size_t queries, bool extreme) const {
    const GuardedBytes codes(rows * row_bytes);
    for (std::size_t i = 0; i < rows * row_bytes; ++i) codes.begin()[i] = extreme ? 255 : random_byte(row_bytes, i);
    const auto source = random_queries(queries, row_bytes, eight, extreme);
    const GuardedBytes query(source.size());
    std::memcpy(query.begin(), source.data(), source.size());
    std::vector<const void*> pointers;
    for (std::size_t r = 0; r < rows; ++r) pointers.push_back(codes.begin() + r * row_bytes);
    const std::size_t stride = rows + 3;
    std::vector<float> scores(queries * stride, untouched);
    const auto kernel = eight ? GetParam()->codes->code8 : GetParam()->codes->code4;
    kernel(query.begin(), queries, pointers.data(), rows, row_bytes, scores.data(), stride);
    for (std::size_t q = 0; q < queries; ++q) {
      for (std::size_t r = 0; r < stride; ++r) {
        const auto expected = eight ? &expected8 : &expected4;
        const float right = r < rows
                                ? expected(source.data() + 2 * q * row_bytes, codes.begin() + r * row_bytes, row_bytes)
                                : untouched;
        ASSERT_EQ(scores[q * stride + r], right)
            << (eight ? 8 : 4) << " bits, row_bytes " << row_bytes << ", query " << q << ", row " << r;
      }
    }
  }
};

TEST_P(CodesTest, RowsAreExactForEveryWidthAndGroup) {
  for (const bool eight : {false, true}) {
    for (std::size_t row_bytes = eight ? 64 : 32; row_bytes <= 256; row_bytes += eight ? 64 : 32) {
      for (std::size_t queries = 1; queries <= most_queries; ++queries) {
        for (const std::size_t rows : {1U, 2U, 3U, 4U, 7U, 9U}) check_rows(eight, row_bytes, rows, queries, false);
      }
    }
  }
}

// The products of largest magnitude: nothing saturates.
TEST_P(CodesTest, NothingSaturates) {
  for (const std::size_t row_bytes : {64U, 1024U}) check_rows(false, row_bytes, 5, 4, true);
  for (const std::size_t row_bytes : {64U, 256U}) check_rows(true, row_bytes, 5, 4, true);
}

// FAULTS D8: the largest products at the highest dims of an index, 65,536, and of heads, 4,096.
TEST_P(CodesTest, D8_SumsOfTheHighestDimDoNotOverflow) {
  for (const std::size_t row_bytes : {2048U, 32768U}) check_rows(false, row_bytes, 3, 2, true);
  for (const std::size_t row_bytes : {512U, 1024U, 4096U, 65536U}) check_rows(true, row_bytes, 3, 2, true);
}

TEST_P(CodesTest, RowsMayBeginAnywhere) {
  constexpr std::size_t row_bytes = 64;
  std::vector<std::uint8_t> codes(5 * (row_bytes + 1));
  for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = random_byte(3, i);
  const auto query = random_queries(4, row_bytes, false, false);
  std::vector<const void*> pointers;
  for (std::size_t r = 0; r < 5; ++r) pointers.push_back(codes.data() + r * (row_bytes + 1));
  float scores[20];
  GetParam()->codes->code4(query.data(), 4, pointers.data(), 5, row_bytes, scores, 5);
  for (std::size_t i = 0; i < 20; ++i) {
    const auto* row = codes.data() + i % 5 * (row_bytes + 1);
    EXPECT_EQ(scores[i], expected4(query.data() + i / 5 * 2 * row_bytes, row, row_bytes)) << i;
  }
}

TEST_P(CodesTest, BlocksAreExact) {
  for (const std::size_t row_bytes : {32U, 64U, 96U, 128U}) {
    for (const std::size_t blocks : {1U, 2U, 3U, 5U}) {
      for (std::size_t queries = 1; queries <= most_queries; ++queries) {
        const std::size_t rows = blocks * simd::code_block_rows;
        std::vector<std::uint8_t> codes(rows * row_bytes);
        for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = random_byte(5, i);
        const GuardedBytes interleaved(codes.size());
        for (std::size_t r = 0; r < rows; ++r) {
          for (std::size_t j = 0; j < row_bytes; ++j) {
            interleaved.begin()[r / 16 * 16 * row_bytes + j / 4 * 64 + r % 16 * 4 + j % 4] = codes[r * row_bytes + j];
          }
        }
        const auto query = random_queries(queries, row_bytes, false, false);
        std::vector<float> scores(queries * rows);
        GetParam()->codes->code4_blocks(query.data(), queries, interleaved.begin(), blocks, row_bytes, scores.data(),
                                        rows);
        for (std::size_t i = 0; i < scores.size(); ++i) {
          ASSERT_EQ(scores[i],
                    expected4(query.data() + i / rows * 2 * row_bytes, codes.data() + i % rows * row_bytes, row_bytes))
              << "row_bytes " << row_bytes << ", blocks " << blocks << ", query " << i / rows << ", row " << i % rows;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllSets, CodesTest,
                         testing::ValuesIn(simd::runnable_kernels().begin(), simd::runnable_kernels().end()),
                         [](const auto& tested) { return std::string(tested.param->name); });

}  // namespace
}  // namespace rattan::test
