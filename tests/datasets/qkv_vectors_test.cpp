// Bare vectors as dumps: pairs of files, folders of them.
#include <gtest/gtest.h>

#include "datasets/qkv_dump.h"
#include "tests/datasets/vector_files.h"
#include "tests/support/errors.h"

namespace rattan::datasets {
namespace {

using test::expect_error;
using test::random_matrix;
using test::row_values;

class QkvVectors : public testing::Test {
 protected:
  test::TempDirectory directory_;
  SharedMatrix keys_ = random_matrix(40, 4, 1);
  SharedMatrix queries_ = random_matrix(32, 4, 2);
  std::string path(const std::string& name) const { return (directory_.path() / name).string(); }
};

TEST_F(QkvVectors, AFolderOfEachFormat) {
  test::write_npy(directory_ / "keys.npy", keys_.view);
  test::write_fvecs(directory_ / "queries.fvecs", queries_.view);
  test::write_xbin(directory_ / "learn.fbin", random_matrix(6, 4, 3).view);
  test::write_npy(directory_ / "values.npy", random_matrix(40, 2, 4, DType::f16).view);
  test::write_ibin(directory_ / "neighbors.ibin", std::vector<std::int32_t>(32, 39), 1);
  test::write_file(directory_ / "README.txt", "left alone");
  const KvGroup group = QkvDump::open(directory_.path(), {.group = 2}).group(0, 0);
  EXPECT_EQ(group.heads(), 2U);
  EXPECT_EQ(group.prefill_queries[0].view.rows, 3U);
  EXPECT_EQ(row_values(group.decode_queries[1].view, 15), row_values(queries_.view, 31));
  EXPECT_EQ(group.values.view.cols, 2U);
  test::write_ibin(directory_ / "neighbors.ibin", std::vector<std::int32_t>(32, 40), 1);
  expect_error(ErrorCode::corrupt, "neighbors.ibin: names the neighbour 40",
               [&] { QkvDump::open(directory_.path(), {.group = 2}); });
}

TEST_F(QkvVectors, APairByItsNames) {
  test::write_xbin(directory_ / "a.fbin", keys_.view);
  test::write_xbin(directory_ / "b.f16bin", random_matrix(32, 4, 2, DType::f16).view);
  const KvGroup group = QkvDump::open(path("a.fbin+") + path("b.f16bin"), {.prefill = 36}).group(0, 0);
  EXPECT_EQ(group.prefill, 36U);
  EXPECT_EQ(group.decode_queries[0].view.dtype, DType::f16);
  EXPECT_EQ(group.decode_positions.size(), 4U);
  EXPECT_EQ(QkvDump::open(path("a.fbin+") + path("b.f16bin+") + path("b.f16bin")).group(0, 0).prefill, 40U);
  expect_error(ErrorCode::invalid_argument, "is 4 files", [] { QkvDump::open("a+b+c+d"); });
  expect_error(ErrorCode::not_found, "c.fbin", [&] { QkvDump::open(path("a.fbin+") + path("c.fbin")); });
}

TEST_F(QkvVectors, WhatIsMissingOrDoubleIsNamed) {
  test::write_npy(directory_ / "keys.npy", keys_.view);
  expect_error(ErrorCode::not_found, "keys.npy: needs a file of queries", [&] { QkvDump::open(directory_.path()); });
  test::write_npy(directory_ / "queries.npy", queries_.view);
  test::write_xbin(directory_ / "base.fbin", keys_.view);
  expect_error(ErrorCode::invalid_argument, "holds the keys too", [&] { QkvDump::open(directory_.path()); });
  test::write_ibin(directory_ / "x.ibin", {1}, 1);
  expect_error(ErrorCode::unsupported, "x.ibin: is an ibin file: ids, not vectors",
               [&] { QkvDump::open(path("keys.npy+") + path("x.ibin")); });
}

}  // namespace
}  // namespace rattan::datasets
