#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "datasets/qkv_dump.h"
#include "tests/datasets/files.h"
#include "tests/support/errors.h"
#include "tests/support/files.h"

namespace rattan::datasets {
namespace {

using test::expect_error;

class QkvNpy : public testing::Test {
 protected:
  void put(const std::string& name, std::size_t rows, std::size_t cols, const char* descr = "<f4") {
    const std::string header = "{'descr': '" + std::string(descr) + "', 'fortran_order': False, 'shape': (" +
                               std::to_string(rows) + ", " + std::to_string(cols) + "), }\n";
    const auto bytes = test::npy_bytes(header, rows * cols * (descr[2] == '4' ? 4 : 2));
    test::write_file(directory_ / name, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  test::TempDirectory directory_;
};

std::vector<std::int64_t> count_up(std::int64_t begin, std::size_t count) {
  std::vector<std::int64_t> values(count);
  std::iota(values.begin(), values.end(), begin);
  return values;
}

TEST_F(QkvNpy, EachPairIsAGroupOfOneHead) {
  put("K_0_0.npy", 64, 8);
  put("Q_0_0.npy", 64, 8);
  put("K_3_2.npy", 64, 8, "<f2");
  put("Q_3_2.npy", 64, 8, "<u2");
  put("V_3_2.npy", 64, 8, "<f2");
  put("K_3_10.npy", 32, 4);
  put("Q_3_10.npy", 32, 4);
  test::write_file(directory_ / "notes.txt", "left alone");
  test::write_file(directory_ / "K_mean.npy", "left alone");
  const QkvDump dump = QkvDump::open(directory_.path());
  EXPECT_EQ(dump.layers(), (std::vector<int>{0, 3}));
  EXPECT_EQ(dump.kv_heads(0), 1U);
  EXPECT_EQ(dump.kv_heads(3), 2U);
  const KvGroup group = dump.group(3, 0);
  EXPECT_EQ(group.layer, 3);
  EXPECT_EQ(group.kv_head, 0);
  EXPECT_EQ(group.heads(), 1U);
  EXPECT_EQ(group.keys.view.dtype, DType::f16);
  EXPECT_EQ(group.values.view.rows, 64U);
  EXPECT_EQ(group.decode_queries[0].view.dtype, DType::bf16);
  EXPECT_NE(group.source.find("K_3_2.npy"), std::string::npos);
  EXPECT_EQ(dump.group(3, 1).kv_head, 1);
  EXPECT_EQ(dump.group(3, 1).dim(), 4U);
  EXPECT_EQ(dump.group(0, 0).softmax_scale, 1.0 / std::sqrt(8.0));
  EXPECT_EQ(dump.group(0, 0).values.view.rows, 0U);
}

TEST_F(QkvNpy, EqualRowsArePositions) {
  put("K_0_0.npy", 64, 8);
  put("Q_0_0.npy", 64, 8);
  const KvGroup group = QkvDump::open(directory_.path()).group(0, 0);
  EXPECT_EQ(group.prefill, 60U);
  EXPECT_EQ(group.prefill_positions, count_up(0, 60));
  EXPECT_EQ(group.decode_positions, count_up(60, 4));
  EXPECT_EQ(group.prefill_queries[0].view.rows, 60U);
  EXPECT_EQ(group.decode_queries[0].view.rows, 4U);

  const KvGroup other = QkvDump::open(directory_.path(), {.max_decode = 7, .decode_divisor = 2}).group(0, 0);
  EXPECT_EQ(other.decode_positions, count_up(57, 7));
}

TEST_F(QkvNpy, OtherRowsStandAtTheLastKey) {
  put("K_0_0.npy", 10, 8);
  put("Q_0_0.npy", 48, 8);
  const KvGroup group = QkvDump::open(directory_.path()).group(0, 0);
  EXPECT_EQ(group.prefill, 10U);
  EXPECT_EQ(group.prefill_positions, std::vector<std::int64_t>(45, 9));
  EXPECT_EQ(group.decode_positions, std::vector<std::int64_t>(3, 9));
}

TEST_F(QkvNpy, OneRowIsADecodeRow) {
  put("K_0_0.npy", 1, 8);
  put("Q_0_0.npy", 1, 8);
  const KvGroup group = QkvDump::open(directory_.path()).group(0, 0);
  EXPECT_EQ(group.prefill, 0U);
  EXPECT_EQ(group.prefill_queries[0].view.rows, 0U);
  EXPECT_EQ(group.decode_positions, count_up(0, 1));
}

TEST_F(QkvNpy, WhatDisagreesIsNamed) {
  put("K_1_0.npy", 16, 8);
  const auto open = [&] { QkvDump::open(directory_.path()); };
  expect_error(ErrorCode::not_found, "K_1_0.npy", open);
  put("Q_1_0.npy", 16, 4);
  expect_error(ErrorCode::corrupt, "Q_1_0.npy: has 4 columns, the keys have 8", open);
  put("Q_1_0.npy", 0, 8);
  expect_error(ErrorCode::corrupt, "Q_1_0.npy: has no rows", open);
  put("Q_1_0.npy", 16, 8);
  put("V_1_0.npy", 15, 8);
  expect_error(ErrorCode::corrupt, "V_1_0.npy: is 15 by 8", open);
  put("V_1_0.npy", 16, 8);
  put("V_1_1.npy", 16, 8);
  expect_error(ErrorCode::not_found, "V_1_1.npy", open);
  std::filesystem::remove(directory_ / "V_1_1.npy");
  put("K_01_0.npy", 16, 8);
  expect_error(ErrorCode::invalid_argument, "same layer and head", open);
  std::filesystem::remove(directory_ / "K_01_0.npy");
  put("K_1_0.npy", 0, 8);
  expect_error(ErrorCode::corrupt, "K_1_0.npy: has 0 rows", open);
  test::write_file(directory_ / "K_1_0.npy", "garbage");
  expect_error(ErrorCode::corrupt, "K_1_0.npy", open);
}

TEST_F(QkvNpy, QueryHeadsShareAKvHead) {
  put("K_2_4.npy", 64, 8);
  put("K_2_5.npy", 64, 8);
  put("V_2_5.npy", 64, 6);
  for (const char* name : {"Q_2_12.npy", "Q_2_13.npy", "Q_2_14.npy", "Q_2_15.npy", "Q_2_16.npy"}) put(name, 64, 8);
  const auto open = [&] { return QkvDump::open(directory_.path(), {.group = 3}); };
  expect_error(ErrorCode::not_found, "K_2_5.npy: needs Q_2_17.npy beside it (3 query heads a KV head", open);
  put("Q_2_17.npy", 32, 8);
  expect_error(ErrorCode::corrupt, "Q_2_17.npy: has 32 rows, the first head has 64", open);
  put("Q_2_17.npy", 64, 8);
  const QkvDump dump = QkvDump::open(directory_.path());
  EXPECT_EQ(dump.kv_heads(2), 2U);
  EXPECT_EQ(dump.group(2, 1).heads(), 3U) << "as many as there are Q files per K file";
  EXPECT_EQ(dump.group(2, 1).values.view.cols, 6U);
  EXPECT_EQ(QkvDump::open(directory_.path(), {.prefill = 50, .group = 3}).group(2, 0).prefill, 50U);
  expect_error(ErrorCode::not_found, "Q_2_12.npy: needs K_2_6.npy",
               [&] { QkvDump::open(directory_.path(), {.group = 2}); });
}

TEST_F(QkvNpy, SplitsAreChecked) {
  put("K_0_0.npy", 16, 8);
  put("Q_0_0.npy", 16, 8);
  expect_error(ErrorCode::invalid_argument, "max_decode",
               [&] { QkvDump::open(directory_.path(), {.max_decode = 0, .decode_divisor = 16}); });
  expect_error(ErrorCode::invalid_argument, "decode_divisor",
               [&] { QkvDump::open(directory_.path(), {.max_decode = 1, .decode_divisor = 0}); });
}

}  // namespace
}  // namespace rattan::datasets
