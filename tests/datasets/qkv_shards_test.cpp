// Sharded safetensors and files whose tensors are named by layer.
#include <gtest/gtest.h>

#include "datasets/qkv_dump.h"
#include "datasets/safetensors.h"
#include "tests/support/errors.h"
#include "tests/support/files.h"
#include "tests/support/matrices.h"

namespace rattan::datasets {
namespace {

using test::expect_error;
using test::random_matrix;

class QkvShards : public testing::Test {
 protected:
  TensorSource tensor(const std::string& name, std::uint64_t heads, std::uint64_t rows, std::uint64_t dim,
                      std::uint64_t seed) {
    matrices_.push_back(random_matrix(heads * rows, dim, seed));
    const MatrixView& view = matrices_.back().view;
    return {name,
            TensorType::f32,
            {heads, rows, dim},
            {{static_cast<const std::byte*>(view.data), view.rows * view.row_bytes()}}};
  }
  void write_two_shards() {
    const std::vector<TensorSource> first = {tensor("model.layers.3.q", 4, 8, 4, 1), tensor("layer_07.q", 4, 8, 4, 2)};
    const std::vector<TensorSource> second = {tensor("model.layers.3.k", 2, 8, 4, 3), tensor("layer_07.k", 2, 8, 4, 4),
                                              tensor("layer_07.v", 2, 8, 2, 5)};
    write_safetensors(directory_ / "d-00001-of-00002.safetensors", first, {});
    write_safetensors(directory_ / "d-00002-of-00002.safetensors", second, {{"source", "made"}});
  }
  void write_index(const std::string& map) { test::write_file(directory_ / "d.safetensors.index.json", map); }

  test::TempDirectory directory_;
  std::vector<SharedMatrix> matrices_;
};

const std::string good_index = R"({"metadata": {"prefill": 6}, "weight_map": {
  "model.layers.3.q": "d-00001-of-00002.safetensors", "layer_07.q": "d-00001-of-00002.safetensors",
  "model.layers.3.k": "d-00002-of-00002.safetensors", "layer_07.k": "d-00002-of-00002.safetensors",
  "layer_07.v": "d-00002-of-00002.safetensors", "left.alone": "missing.safetensors"}})";

TEST_F(QkvShards, LayersComeFromSeveralFiles) {
  write_two_shards();
  write_index(good_index);
  for (const auto& path : {directory_.path(), directory_ / "d.safetensors.index.json"}) {
    const QkvDump dump = QkvDump::open(path);
    EXPECT_EQ(dump.layers(), (std::vector<int>{3, 7}));
    const KvGroup group = dump.group(7, 1);
    EXPECT_EQ(group.prefill, 6U);
    EXPECT_EQ(group.source, "made");
    EXPECT_EQ(group.heads(), 2U);
    EXPECT_EQ(group.values.view.cols, 2U) << "values may be narrower than keys";
    EXPECT_EQ(test::row_values(group.keys.view, 0), test::row_values(matrices_[3].view, 8));
  }
}

TEST_F(QkvShards, WhatTheIndexDoesNotSayIsGiven) {
  write_two_shards();
  std::string index = good_index;
  index.replace(index.find(R"("prefill": 6)"), 12, R"("other": [1])");
  write_index(index);
  expect_error(ErrorCode::corrupt, "prefill is missing", [&] { QkvDump::open(directory_.path()); });
  EXPECT_EQ(QkvDump::open(directory_.path(), {.prefill = 5, .group = 2}).group(3, 0).prefill, 5U);
  expect_error(ErrorCode::invalid_argument, "has 2 query heads a KV head, given are 4",
               [&] { QkvDump::open(directory_.path(), {.prefill = 5, .group = 4}); });
  write_index(good_index);
  expect_error(ErrorCode::invalid_argument, "metadata prefill is 6, given is 5",
               [&] { QkvDump::open(directory_.path(), {.prefill = 5}); });
}

TEST_F(QkvShards, OneFileMayNameItsLayers) {
  const std::vector<TensorSource> tensors = {tensor("layers.0.q", 2, 8, 4, 1), tensor("layers.0.k", 1, 8, 4, 2)};
  write_safetensors(directory_ / "all.safetensors", tensors, {{"prefill", "7"}});
  EXPECT_EQ(QkvDump::open(directory_ / "all.safetensors").group(0, 0).heads(), 2U);
  const std::vector<TensorSource> weights = {tensor("lm_head.weight", 1, 8, 4, 1)};
  write_safetensors(directory_ / "model.safetensors", weights, {});
  expect_error(ErrorCode::unsupported, "\"python -m rattan.dump MODEL",
               [&] { QkvDump::open(directory_ / "model.safetensors"); });
}

// FAULTS A17: shards lie beside their index and nowhere else.
TEST_F(QkvShards, A17_TheIndexIsNotTrusted) {
  write_two_shards();
  const auto refuse = [&](ErrorCode code, const std::string& index, std::string_view part) {
    write_index(index);
    expect_error(code, part, [&] { QkvDump::open(directory_ / "d.safetensors.index.json"); });
  };
  refuse(ErrorCode::corrupt, "not JSON", "weight_map");
  refuse(ErrorCode::corrupt, "[]", "weight_map");
  refuse(ErrorCode::corrupt, R"({"weight_map": {"layers.0.q": "../other.safetensors"}})", "names of files beside it");
  refuse(ErrorCode::corrupt, R"({"weight_map": {"layers.0.q": 7}})", "names of files beside it");
  refuse(ErrorCode::not_found, R"({"weight_map": {"layers.0.q": "missing.safetensors"}})", "missing.safetensors");
  refuse(ErrorCode::unsupported, R"({"weight_map": {"lm_head.weight": "missing.safetensors"}})", "no tensors q and k");
  refuse(ErrorCode::corrupt, R"({"weight_map": {"layer_07.q": "d-00001-of-00002.safetensors"}})",
         "layer 3 needs the tensors q and k, k is missing");
}

}  // namespace
}  // namespace rattan::datasets
