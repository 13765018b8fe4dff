#include "datasets/hdf5.h"

#include <gtest/gtest.h>

#include "datasets/qkv_dump.h"
#include "tests/datasets/vector_files.h"
#include "tests/support/errors.h"
#include "tests/support/hdf5_files.h"

namespace rattan::datasets {
namespace {

using test::expect_error;
using test::Hdf5DataSet;
using test::random_matrix;

Hdf5DataSet floats(const std::string& name, std::size_t rows, std::size_t cols, std::uint64_t seed) {
  return {.name = name, .dims = {rows, cols}, .floats = test::floats_of(random_matrix(rows, cols, seed).view)};
}

class Hdf5 : public testing::Test {
 protected:
  void SetUp() override {
    if (!have_hdf5) GTEST_SKIP() << "this build has no libhdf5";
  }

  std::filesystem::path put(const std::vector<Hdf5DataSet>& sets, const std::string& distance = "ip") {
    EXPECT_TRUE(test::write_hdf5(directory_ / "a.hdf5", distance, sets));
    return directory_ / "a.hdf5";
  }
  void expect_refused(ErrorCode code, std::string_view part, const std::vector<Hdf5DataSet>& sets,
                      const std::string& distance = "ip") {
    const auto path = put(sets, distance);
    expect_error(code, part, [&] { QkvDump::open(path); });
    expect_error(code, "a.hdf5", [&] { QkvDump::open(path); });
  }

  test::TempDirectory directory_;
};

TEST(Hdf5Absent, IsSaid) {
  if (have_hdf5) GTEST_SKIP() << "libhdf5 is there";
  expect_error(ErrorCode::unsupported, "libhdf5-dev", [] { read_hdf5("any.hdf5"); });
}

TEST_F(Hdf5, AnnBenchmarks) {
  const auto path = put({floats("train", 32, 4, 1),
                         floats("test", 48, 4, 2),
                         {.name = "neighbors", .dims = {48, 1}, .integers = std::vector<std::int32_t>(48, 31)}},
                        "");
  const Hdf5Vectors file = read_hdf5(path);
  EXPECT_FALSE(file.learn);
  EXPECT_EQ(file.neighbors->values.size(), 48U);
  const KvGroup group = QkvDump::open(path).group(0, 0);
  EXPECT_EQ(group.prefill, 32U);
  EXPECT_EQ(group.decode_queries[0].view.rows, 3U);
  EXPECT_EQ(test::row_values(group.keys.view, 31), test::row_values(random_matrix(32, 4, 1).view, 31));
}

TEST_F(Hdf5, VibeHasQueriesToBuildWith) {
  Hdf5DataSet train = floats("train", 32, 4, 1);
  train.packed = true;
  const auto path = put({train, floats("test", 8, 4, 2), floats("learn", 20, 4, 3)});
  const KvGroup group = QkvDump::open(path, {.group = 2}).group(0, 0);
  EXPECT_EQ(group.heads(), 2U);
  EXPECT_EQ(group.prefill_queries[1].view.rows, 10U);
  EXPECT_EQ(group.decode_queries[1].view.rows, 4U);
  EXPECT_EQ(test::row_values(group.decode_queries[1].view, 0), test::row_values(random_matrix(8, 4, 2).view, 1));
}

TEST_F(Hdf5, NoNumberIsTrusted) {
  const Hdf5DataSet train = floats("train", 32, 4, 1);
  const Hdf5DataSet test = floats("test", 8, 4, 2);
  expect_refused(ErrorCode::corrupt, "data set \"test\" is missing", {train});
  expect_refused(ErrorCode::corrupt, "has 3 columns, the keys have 4", {train, floats("test", 8, 3, 2)});
  expect_refused(ErrorCode::unsupported, "\"train\" needs two dimensions",
                 {{.name = "train", .dims = {4}, .floats = {1, 2, 3, 4}}, test});
  expect_refused(ErrorCode::unsupported, "\"train\" does not hold floats",
                 {{.name = "train", .dims = {1, 4}, .integers = {1, 2, 3, 4}}, test});
  expect_refused(ErrorCode::corrupt, "names the neighbour 32, allowed is -1 to 31",
                 {train, test, {.name = "neighbors", .dims = {8, 1}, .integers = std::vector<std::int32_t>(8, 32)}});
  // A shape of 64 TB in a file of some kilobytes.
  Hdf5DataSet huge{.name = "train", .dims = {1ULL << 30, 1ULL << 14}};
  huge.unwritten = true;
  expect_refused(ErrorCode::corrupt, "are stored in a file of", {huge, test});
}

TEST_F(Hdf5, OnlyInnerProductsAreRead) {
  const std::vector<Hdf5DataSet> sets = {floats("train", 32, 4, 1), floats("test", 48, 4, 2)};
  expect_refused(ErrorCode::unsupported, "distance is \"euclidean\"", sets, "euclidean");
  expect_refused(ErrorCode::unsupported, "normalise train", sets, "angular");
  const std::vector<Hdf5DataSet> unit = {{.name = "train", .dims = {2, 2}, .floats = {0, 1, -0.6F, 0.8F}},
                                         floats("test", 48, 2, 2)};
  EXPECT_EQ(QkvDump::open(put(unit, "cosine")).group(0, 0).dim(), 2U);
}

TEST_F(Hdf5, DamageIsAnError) {
  const auto path = put({floats("train", 64, 16, 1), floats("test", 48, 16, 2)});
  const std::string whole = test::read_file(path);
  for (std::size_t size = 8; size < whole.size(); size += 211) {
    test::write_file(path, std::string_view(whole).substr(0, size));
    EXPECT_THROW(QkvDump::open(path), Error) << size;
  }
  for (std::size_t at = 8; at < whole.size(); at += 41) {
    std::string bent = whole;
    bent[at] = static_cast<char>(~bent[at]);
    test::write_file(path, bent);
    try {
      QkvDump::open(path);
    } catch (const Error&) {  // what is accepted is whole: the sanitizers' build looks
    }
  }
}

// libhdf5 1.10 goes round for ever in it.
TEST_F(Hdf5, B8_AFileWithoutEndIsAnError) {
  const auto tests = test::trained_slice().parent_path().parent_path().parent_path();
  expect_error(ErrorCode::corrupt, "the file is damaged", [&] { read_hdf5(tests / "datasets/endless.hdf5"); });
}

}  // namespace
}  // namespace rattan::datasets
