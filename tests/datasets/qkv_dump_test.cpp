#include "datasets/qkv_dump.h"

#include <gtest/gtest.h>

#include "tests/datasets/files.h"
#include "tests/support/errors.h"
#include "tests/support/files.h"
#include "tests/support/matrices.h"

namespace rattan::datasets {
namespace {

using test::expect_error;

KvGroup small_group(std::uint64_t seed) {
  KvGroup group;
  group.prefill = 3;
  group.softmax_scale = 0.5;
  group.source = "made";
  group.keys = test::random_matrix(4, 6, seed);
  group.prefill_queries = {test::random_matrix(3, 6, seed + 1)};
  group.decode_queries = {test::random_matrix(1, 6, seed + 2)};
  group.prefill_positions = {0, 1, 2};
  group.decode_positions = {3};
  return group;
}

TEST(QkvDump, LayersOfAFolderAscend) {
  const test::TempDirectory directory;
  for (const int layer : {11, 2, 100}) {
    const std::vector<KvGroup> groups{small_group(static_cast<std::uint64_t>(layer)), small_group(9)};
    write_dump(directory.path(), layer, groups);
  }
  test::write_file(directory / "layer_x.safetensors", "left alone");
  test::write_file(directory / "README", "left alone");
  const QkvDump dump = QkvDump::open(directory.path());
  EXPECT_EQ(dump.layers(), (std::vector<int>{2, 11, 100}));
  EXPECT_EQ(dump.kv_heads(11), 2U);
  const KvGroup expected = small_group(11);
  EXPECT_EQ(test::row_values(dump.group(11, 0).keys.view, 3), test::row_values(expected.keys.view, 3));
}

TEST(QkvDump, OneFileIsADump) {
  const test::TempDirectory directory;
  const std::vector<KvGroup> groups{small_group(1)};
  const auto file = write_dump(directory.path(), 5, groups);
  std::filesystem::rename(file, directory / "renamed.bin");
  EXPECT_EQ(QkvDump::open(directory / "renamed.bin").layers(), (std::vector<int>{5}));
}

TEST(QkvDump, GroupsOutliveTheDumpAndTheFile) {
  KvGroup group;
  {
    const test::TempDirectory directory;
    const std::vector<KvGroup> groups{small_group(1)};
    write_dump(directory.path(), 0, groups);
    group = QkvDump::open(directory.path()).group(0, 0);
  }
  EXPECT_EQ(test::row_values(group.keys.view, 0), test::row_values(small_group(1).keys.view, 0));
}

TEST(QkvDump, WrongPathsLayersAndHeads) {
  const test::TempDirectory directory;
  expect_error(ErrorCode::not_found, "missing", [&] { QkvDump::open(directory / "missing"); });
  expect_error(ErrorCode::not_found, "holds neither", [&] { QkvDump::open(directory.path()); });
  const std::vector<KvGroup> groups{small_group(1)};
  write_dump(directory.path(), 3, groups);
  const QkvDump dump = QkvDump::open(directory.path());
  expect_error(ErrorCode::invalid_argument, "layer is 4, the dump has 1 layers from 3 to 3", [&] { dump.group(4, 0); });
  expect_error(ErrorCode::invalid_argument, "layer is -1", [&] { dump.kv_heads(-1); });
  expect_error(ErrorCode::invalid_argument, "kv_head is 1, allowed is 0 to 0", [&] { dump.group(3, 1); });
  expect_error(ErrorCode::invalid_argument, "kv_head is -1", [&] { dump.group(3, -1); });

  std::filesystem::copy_file(directory / "layer_03.safetensors", directory / "layer_3.safetensors");
  expect_error(ErrorCode::invalid_argument, "same layer", [&] { QkvDump::open(directory.path()); });
  std::filesystem::remove(directory / "layer_3.safetensors");
  std::filesystem::copy_file(directory / "layer_03.safetensors", directory / "layer_4.safetensors");
  expect_error(ErrorCode::corrupt, "layer_4.safetensors: metadata layer is 3, the name says 4",
               [&] { QkvDump::open(directory.path()); });
  std::filesystem::remove(directory / "layer_4.safetensors");

  const auto npy = test::npy_bytes("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }\n", 8);
  for (const char* name : {"K_0_0.npy", "Q_0_0.npy"}) {
    test::write_file(directory / name, {reinterpret_cast<const char*>(npy.data()), npy.size()});
  }
  expect_error(ErrorCode::invalid_argument, "holds both", [&] { QkvDump::open(directory.path()); });
}

TEST(QkvDump, GarbageAndTruncationNameTheFile) {
  const test::TempDirectory directory;
  const std::vector<KvGroup> groups{small_group(1)};
  const auto file = write_dump(directory.path(), 0, groups);
  const std::string whole = test::read_file(file);
  for (const std::size_t size : {std::size_t{1}, std::size_t{8}, whole.size() / 2, whole.size() - 1}) {
    test::write_file(file, std::string_view(whole).substr(0, size));
    expect_error(ErrorCode::corrupt, "layer_00.safetensors", [&] { QkvDump::open(directory.path()); });
  }
  test::write_file(file, std::string(5000, '\x5a'));
  expect_error(ErrorCode::corrupt, "layer_00.safetensors", [&] { QkvDump::open(directory.path()); });
  test::write_file(file, "");
  expect_error(ErrorCode::corrupt, "layer_00.safetensors", [&] { QkvDump::open(directory.path()); });
}

TEST(QkvDump, TheSharedModelsDumpOpens) {
  const auto folder = test::shared_dump();
  if (!folder) GTEST_SKIP() << "no dump: set RATTAN_DATA to a folder of layer_*.safetensors";
  const QkvDump dump = QkvDump::open(*folder);
  for (const int layer : dump.layers()) {
    ASSERT_EQ(dump.kv_heads(layer), 2U);
    for (int head = 0; head < 2; ++head) {
      const KvGroup group = dump.group(layer, head);
      EXPECT_EQ(group.dim(), 128U);
      EXPECT_EQ(group.heads(), 4U);
      EXPECT_EQ(group.keys.view.rows, group.prefill + group.decode_positions.size());
      EXPECT_EQ(group.values.view.rows, group.keys.view.rows);
      EXPECT_NEAR(group.softmax_scale, 0.08838834764831845, 1e-15);
      EXPECT_EQ(group.decode_positions.front(), static_cast<std::int64_t>(group.prefill));
    }
  }
}

}  // namespace
}  // namespace rattan::datasets
