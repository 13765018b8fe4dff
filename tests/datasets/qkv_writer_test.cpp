#include <gtest/gtest.h>

#include <cstring>
#include <functional>

#include "datasets/qkv_dump.h"
#include "tests/support/errors.h"
#include "tests/support/files.h"
#include "tests/support/matrices.h"

namespace rattan::datasets {
namespace {

using test::expect_error;
using test::random_matrix;

constexpr std::size_t dim = 12;

// Two KV heads of three query heads each; `stride` 0 is dense.
std::vector<KvGroup> make_groups(DType dtype = DType::f16, std::size_t stride = 0) {
  std::vector<KvGroup> groups(2);
  std::uint64_t seed = 1;
  for (KvGroup& group : groups) {
    group.layer = 4;
    group.kv_head = static_cast<int>(&group - groups.data());
    group.prefill = 20;
    group.softmax_scale = 0.1234567890123456789;
    group.source = "made, with \"quotes\"";
    group.keys = random_matrix(25, dim, seed++, dtype, stride);
    group.values = random_matrix(25, dim, seed++, dtype, stride);
    group.prefill_positions = {0, 4, 8, 19};
    group.decode_positions = {20, 21, 24};
    for (int head = 0; head < 3; ++head) {
      group.prefill_queries.push_back(random_matrix(4, dim, seed++, dtype, stride));
      group.decode_queries.push_back(random_matrix(3, dim, seed++, dtype, stride));
    }
  }
  return groups;
}

void expect_same(const SharedMatrix& a, const SharedMatrix& b) {
  ASSERT_EQ(a.view.rows, b.view.rows);
  ASSERT_EQ(a.view.cols, b.view.cols);
  ASSERT_EQ(a.view.dtype, b.view.dtype);
  for (std::size_t row = 0; row < a.view.rows; ++row) {
    EXPECT_EQ(std::memcmp(a.view.row(row), b.view.row(row), a.view.row_bytes()), 0);
  }
}

void expect_same(const KvGroup& a, const KvGroup& b) {
  EXPECT_EQ(a.layer, b.layer);
  EXPECT_EQ(a.kv_head, b.kv_head);
  EXPECT_EQ(a.prefill, b.prefill);
  EXPECT_EQ(a.softmax_scale, b.softmax_scale);
  EXPECT_EQ(a.source, b.source);
  EXPECT_EQ(a.prefill_positions, b.prefill_positions);
  EXPECT_EQ(a.decode_positions, b.decode_positions);
  expect_same(a.keys, b.keys);
  if (a.values.view.rows > 0) expect_same(a.values, b.values);
  EXPECT_EQ(a.values.view.rows, b.values.view.rows);
  ASSERT_EQ(a.heads(), b.heads());
  for (std::size_t head = 0; head < a.heads(); ++head) {
    expect_same(a.prefill_queries[head], b.prefill_queries[head]);
    expect_same(a.decode_queries[head], b.decode_queries[head]);
  }
}

TEST(QkvWriter, ADumpComesBackBitForBit) {
  for (const DType dtype : test::all_dtypes) {
    for (const std::size_t stride : {std::size_t{0}, dim + 5}) {
      const test::TempDirectory directory;
      const std::vector<KvGroup> groups = make_groups(dtype, stride);
      EXPECT_EQ(write_dump(directory / "new/folder", 4, groups).filename(), "layer_04.safetensors");
      const QkvDump dump = QkvDump::open(directory / "new/folder");
      EXPECT_EQ(dump.layers(), (std::vector<int>{4}));
      ASSERT_EQ(dump.kv_heads(4), 2U);
      for (int head = 0; head < 2; ++head) expect_same(groups[static_cast<std::size_t>(head)], dump.group(4, head));
    }
  }
}

TEST(QkvWriter, ValuesAndPrefillQueriesMayBeMissing) {
  const test::TempDirectory directory;
  std::vector<KvGroup> groups = make_groups();
  for (KvGroup& group : groups) {
    group.values = {};
    group.prefill_positions.clear();
    for (SharedMatrix& head : group.prefill_queries) head.view.rows = 0;
  }
  write_dump(directory.path(), 4, groups);
  expect_same(groups[1], QkvDump::open(directory.path()).group(4, 1));
}

TEST(QkvWriter, GroupsThatDisagreeAreRefused) {
  const test::TempDirectory directory;
  const auto refuse = [&](std::string_view part, const std::function<void(std::vector<KvGroup>&)>& bend) {
    std::vector<KvGroup> groups = make_groups();
    bend(groups);
    expect_error(ErrorCode::invalid_argument, part, [&] { write_dump(directory.path(), 4, groups); });
  };
  refuse("no group", [](auto& g) { g.clear(); });
  refuse("keys differ", [](auto& g) { g[1].keys = random_matrix(24, dim, 1, DType::f16); });
  refuse("keys differ", [](auto& g) { g[1].keys = random_matrix(25, dim, 1, DType::f32); });
  refuse("values differ", [](auto& g) { g[1].values = {}; });
  refuse("values need", [](auto& g) { g[0].values = g[1].values = random_matrix(24, dim, 1, DType::f16); });
  refuse("query heads", [](auto& g) { g[1].decode_queries.pop_back(); });
  refuse("query heads", [](auto& g) { g[1].prefill_queries.pop_back(); });
  refuse("dtype", [](auto& g) { g[1].decode_queries[2] = random_matrix(3, dim, 1, DType::f32); });
  refuse("one row per position", [](auto& g) { g[1].decode_queries[2] = random_matrix(2, dim, 1, DType::f16); });
  refuse("differ in dim",
         [](auto& g) { g[0].keys = g[1].keys = random_matrix(25, 9, 1, DType::f16), g[0].values = g[1].values = {}; });
  refuse("prefill", [](auto& g) { g[1].prefill = 19; });
  refuse("prefill", [](auto& g) { g[0].prefill = g[1].prefill = 26; });
  refuse("scale", [](auto& g) { g[1].softmax_scale = 1; });
  refuse("positions", [](auto& g) { g[1].decode_positions[0] = 22; });
  refuse("ascend", [](auto& g) { g[0].prefill_positions = g[1].prefill_positions = {0, 8, 4, 19}; });
  refuse("ascend", [](auto& g) { g[0].prefill_positions = g[1].prefill_positions = {0, 4, 8, 20}; });
  refuse("ascend", [](auto& g) { g[0].decode_positions = g[1].decode_positions = {20, 21, 25}; });
  expect_error(ErrorCode::invalid_argument, "layer", [&] { write_dump(directory.path(), -1, make_groups()); });
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
  test::write_file(directory / "file", "x");
  expect_error(ErrorCode::io, "file", [&] { write_dump(directory / "file", 4, make_groups()); });
}

}  // namespace
}  // namespace rattan::datasets
