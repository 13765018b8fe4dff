#include "datasets/hdf5_file.h"

#include <gtest/gtest.h>

#include "tests/support/errors.h"
#include "tests/support/files.h"
#include "tests/support/hdf5_files.h"

namespace rattan::datasets {
namespace {

using test::Hdf5DataSet;
using test::Hdf5Text;

const Hdf5DataSet train{.name = "train", .dims = {2, 2}, .floats = {0, 1, -0.6F, 0.8F}};
const Hdf5DataSet queries{.name = "test", .dims = {1, 2}, .floats = {1, 2}};

// Of files that are whole: for others this is not the way, and hdf5_test.cpp reads them as it should be done.
class Hdf5File : public testing::Test {
 protected:
  Hdf5Vectors read(const std::vector<Hdf5DataSet>& sets, const std::string& distance = "ip",
                   Hdf5Text text = Hdf5Text::variable) const {
    EXPECT_TRUE(test::write_hdf5(directory_ / "a.hdf5", distance, sets, text));
    return read_hdf5_here(directory_ / "a.hdf5");
  }

  void expect_refused(ErrorCode code, std::string_view part, const std::vector<Hdf5DataSet>& sets,
                      const std::string& distance = "ip", Hdf5Text text = Hdf5Text::variable) const {
    test::expect_error(code, part, [&] { read(sets, distance, text); });
  }

  test::TempDirectory directory_;
};

TEST_F(Hdf5File, HoldsFourDataSets) {
  const Hdf5DataSet learn{.name = "learn", .dims = {1, 2}, .floats = {3, 4}};
  const Hdf5DataSet neighbors{.name = "neighbors", .dims = {1, 3}, .integers = {1, 0, -1}};
  const Hdf5Vectors all = read({train, queries, learn, neighbors});
  EXPECT_EQ(static_cast<const float*>(all.train.view.row(1))[0], -0.6F);
  EXPECT_EQ(static_cast<const float*>(all.test.view.row(0))[1], 2.0F);
  EXPECT_EQ(static_cast<const float*>(all.learn->view.row(0))[1], 4.0F);
  EXPECT_EQ(all.neighbors->values, neighbors.integers);
  EXPECT_EQ(all.neighbors->cols, 3U);
  EXPECT_FALSE(read({train, queries}).neighbors);
}

TEST_F(Hdf5File, ADistanceIsTextOfEitherForm) {
  for (const Hdf5Text text : {Hdf5Text::variable, Hdf5Text::fixed}) {
    EXPECT_EQ(read({train, queries}, "cosine", text).train.view.rows, 2U);
    expect_refused(ErrorCode::unsupported, "hamming", {train, queries}, "hamming", text);
    expect_refused(ErrorCode::unsupported, "normalise train",
                   {{.name = "train", .dims = {1, 2}, .floats = {1, 1}}, queries}, "angular", text);
  }
  // Text that is too long for any distance is none.
  EXPECT_EQ(read({train, queries}, std::string(80, 'x'), Hdf5Text::fixed).train.view.rows, 2U);
}

TEST_F(Hdf5File, A17_NothingOutsideOfItIsRead) {
  Hdf5DataSet outside = queries;
  outside.outside = true;
  expect_refused(ErrorCode::unsupported, "\"test\" lies in other files", {train, outside});
  Hdf5DataSet linked = queries;
  linked.linked = true;
  expect_refused(ErrorCode::corrupt, "\"test\" is missing", {train, linked});
}

TEST_F(Hdf5File, B8_NoNumberIsTrusted) {
  expect_refused(ErrorCode::unsupported, "two dimensions",
                 {{.name = "train", .dims = {4}, .floats = {1, 2, 3, 4}}, queries});
  expect_refused(ErrorCode::unsupported, "does not hold floats",
                 {{.name = "train", .dims = {1, 2}, .integers = {1, 2}}, queries});
  expect_refused(ErrorCode::unsupported, "does not hold integers",
                 {train, queries, {.name = "neighbors", .dims = {1, 2}, .floats = {1, 2}}});
  expect_refused(ErrorCode::corrupt, "is 0 by 2", {{.name = "train", .dims = {0, 2}, .unwritten = true}, queries});
  expect_refused(ErrorCode::corrupt, "are stored in a file of",
                 {{.name = "train", .dims = {1ULL << 30, 1ULL << 14}, .unwritten = true}, queries});
}

TEST_F(Hdf5File, WhatIsNoneIsSaid) {
  test::write_file(directory_ / "a.hdf5", "some text");
  test::expect_error(ErrorCode::corrupt, "libhdf5 cannot open it", [&] { read_hdf5_here(directory_ / "a.hdf5"); });
}

}  // namespace
}  // namespace rattan::datasets
