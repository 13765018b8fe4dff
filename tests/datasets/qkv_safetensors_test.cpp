#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "datasets/qkv_readers.h"
#include "tests/datasets/files.h"
#include "tests/support/errors.h"

namespace rattan::datasets {
namespace {

using test::expect_error;

// A layer's file in parts, to be bent one part at a time: 4 query heads, 2 KV heads, 5 keys, 3 query rows, dim 2.
struct Parts {
  std::string q_shape = "[4,3,2]";
  std::string k_shape = "[2,5,2]";
  std::string v_shape = "[2,5,2]";
  std::string q_type = "F16";
  std::string pos_shape = "[3]";
  std::string pos_type = "I32";
  std::vector<std::int32_t> positions{0, 2, 4};
  bool with_v = true;
  bool with_pos = true;
  std::string metadata =
      R"("layer":"7","prefill":"3","softmax_scale":"0.5","rope":"post","heads":"4","kv_heads":"2","head_dim":"2","source":"made")";

  std::vector<std::byte> bytes() const {
    std::string header = "{\"__metadata__\":{" + metadata + "}";
    std::uint64_t at = 0;
    const auto add = [&](const char* name, const std::string& type, const std::string& shape, std::uint64_t size) {
      header += "," + test::entry(name, type, shape, at, at + size);
      at += size;
    };
    add("q", q_type, q_shape, q_type == "F32" ? 96 : 48);
    add("k", "F16", k_shape, 40);
    if (with_v) add("v", "F16", v_shape, 40);
    const std::size_t numbers_at = static_cast<std::size_t>(at);
    if (with_pos) add("q_pos", pos_type, pos_shape, 4 * positions.size());
    header += "}";
    auto file = test::safetensors_bytes(header, numbers_at);
    if (with_pos) {
      ByteWriter numbers;
      numbers.array(positions);
      file.insert(file.end(), numbers.view().begin(), numbers.view().end());
    }
    return file;
  }

  std::vector<KvGroup> read(std::optional<int> named = std::nullopt) const {
    return read_layer(Safetensors::parse(test::source_of(bytes())), named);
  }
};

void expect_refused(std::string_view part, const std::function<void(Parts&)>& bend,
                    ErrorCode code = ErrorCode::corrupt) {
  Parts parts;
  bend(parts);
  expect_error(code, part, [&] { parts.read(); });
  expect_error(code, "made.file", [&] { parts.read(); });
}

std::byte first_byte(const SharedMatrix& matrix) { return *static_cast<const std::byte*>(matrix.view.data); }

TEST(QkvSafetensors, GroupsSplitAtThePrefill) {
  const std::vector<KvGroup> groups = Parts{}.read(7);
  ASSERT_EQ(groups.size(), 2U);
  for (int head = 0; head < 2; ++head) {
    const KvGroup& group = groups[static_cast<std::size_t>(head)];
    EXPECT_EQ(group.layer, 7);
    EXPECT_EQ(group.kv_head, head);
    EXPECT_EQ(group.prefill, 3U);
    EXPECT_EQ(group.softmax_scale, 0.5);
    EXPECT_EQ(group.source, "made");
    EXPECT_EQ(group.heads(), 2U);
    EXPECT_EQ(group.dim(), 2U);
    EXPECT_EQ(group.keys.view.rows, 5U);
    EXPECT_EQ(group.values.view.rows, 5U);
    EXPECT_EQ(group.prefill_positions, (std::vector<std::int64_t>{0, 2}));
    EXPECT_EQ(group.decode_positions, (std::vector<std::int64_t>{4}));
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(group.prefill_queries[i].view.rows, 2U);
      EXPECT_EQ(group.decode_queries[i].view.rows, 1U);
    }
  }
  // Data bytes count upwards, so a view's first byte is its offset: q of head h at 12 h, its decode row 8 further.
  EXPECT_EQ(first_byte(groups[1].prefill_queries[0]), std::byte{24});
  EXPECT_EQ(first_byte(groups[1].prefill_queries[1]), std::byte{36});
  EXPECT_EQ(first_byte(groups[1].decode_queries[1]), std::byte{44});
  EXPECT_EQ(first_byte(groups[0].keys), std::byte{48});
  EXPECT_EQ(first_byte(groups[1].keys), std::byte{68});
  EXPECT_EQ(first_byte(groups[1].values), std::byte{108});
}

TEST(QkvSafetensors, WhatMayBeLeftOut) {
  Parts parts;
  parts.with_v = false;
  parts.with_pos = false;
  parts.metadata = R"("prefill":"2")";
  const KvGroup group = parts.read(11).front();
  EXPECT_EQ(group.layer, 11);
  EXPECT_EQ(group.values.view.rows, 0U);
  EXPECT_EQ(group.prefill_positions, (std::vector<std::int64_t>{0, 1}));
  EXPECT_EQ(group.decode_positions, (std::vector<std::int64_t>{2}));
  EXPECT_DOUBLE_EQ(group.softmax_scale, 1.0 / std::sqrt(2.0));
  EXPECT_EQ(group.source, "made.file");
}

TEST(QkvSafetensors, PrefillMayBeEverythingOrNothing) {
  Parts parts;
  parts.metadata = R"("layer":"0","prefill":"5")";
  EXPECT_EQ(parts.read().front().decode_queries.front().view.rows, 0U);
  parts.metadata = R"("layer":"0","prefill":"0")";
  EXPECT_EQ(parts.read().front().decode_queries.front().view.rows, 3U);
}

TEST(QkvSafetensors, WidePositionsAndOtherDtypes) {
  Parts parts;
  parts.q_type = "F32";
  parts.pos_type = "I64";
  parts.positions = {0, 0, 2, 0, 4, 0};
  const KvGroup group = parts.read().front();
  EXPECT_EQ(group.decode_queries.front().view.dtype, DType::f32);
  EXPECT_EQ(group.keys.view.dtype, DType::f16);
  EXPECT_EQ(group.decode_positions, (std::vector<std::int64_t>{4}));
}

TEST(QkvSafetensors, TensorsThatDisagreeAreNamed) {
  expect_refused("\"q\" has dim 3", [](Parts& p) { p.q_shape = "[4,2,3]"; });
  expect_refused("\"q\" has 3 heads", [](Parts& p) { p.q_shape = "[3,4,2]"; });
  expect_refused("\"q\" has 1 heads", [](Parts& p) { p.q_shape = "[1,12,2]"; });
  expect_refused("\"q\" needs three", [](Parts& p) { p.q_shape = "[12,2]"; });
  expect_refused("\"k\" needs three", [](Parts& p) { p.k_shape = "[20]"; });
  expect_refused("\"v\" has another shape", [](Parts& p) { p.v_shape = "[2,2,5]"; });
  expect_refused("\"q_pos\" needs the shape [3]", [](Parts& p) { p.pos_shape = "[3,1]"; });
  expect_refused("\"q_pos\" needs the shape [3]", [](Parts& p) {
    p.pos_shape = "[2]";
    p.positions = {0, 1};
  });
  expect_refused(
      "\"q_pos\"", [](Parts& p) { p.pos_type = "F32"; }, ErrorCode::unsupported);
  expect_refused(
      "F8_E4M3",
      [](Parts& p) {
        p.q_type = "F8_E4M3";
        p.q_shape = "[4,6,2]";
      },
      ErrorCode::unsupported);
  expect_refused("\"q\" has 6 rows", [](Parts& p) {
    p.q_shape = "[2,6,2]";
    p.with_pos = false;
    p.metadata = R"("layer":"1","prefill":"3")";
  });
}

TEST(QkvSafetensors, PositionsAscendWithinTheKeys) {
  expect_refused("not ascending", [](Parts& p) { p.positions = {0, 4, 2}; });
  expect_refused("not ascending", [](Parts& p) { p.positions = {0, 2, 2}; });
  expect_refused("runs from 0 to 5", [](Parts& p) { p.positions = {0, 2, 5}; });
  expect_refused("runs from -1", [](Parts& p) { p.positions = {-1, 2, 4}; });
}

TEST(QkvSafetensors, MetadataIsParsedStrictlyAndCompared) {
  const auto metadata = [](const char* text) { return [text](Parts& p) { p.metadata = text; }; };
  expect_refused("prefill is missing", metadata(R"("layer":"1")"));
  expect_refused("prefill is 6", metadata(R"("layer":"1","prefill":"6")"));
  for (const char* prefill : {"", " 3", "3 ", "+3", "-3", "3.0", "0x3", "three", "99999999999999999999"}) {
    const std::string text = R"("layer":"1","prefill":")" + std::string(prefill) + "\"";
    expect_refused("prefill", metadata(text.c_str()));
  }
  for (const char* scale : {"", "0", "-1", "nan", "inf", "0.5x", "0,5", "1e999"}) {
    const std::string text = R"("layer":"1","prefill":"3","softmax_scale":")" + std::string(scale) + "\"";
    expect_refused("softmax_scale", metadata(text.c_str()));
  }
  expect_refused("metadata heads is 8", metadata(R"("layer":"1","prefill":"3","heads":"8")"));
  expect_refused("metadata kv_heads is 1", metadata(R"("layer":"1","prefill":"3","kv_heads":"1")"));
  expect_refused("metadata head_dim is 128", metadata(R"("layer":"1","prefill":"3","head_dim":"128")"));
  expect_refused("metadata head_dim", metadata(R"("layer":"1","prefill":"3","head_dim":"2.0")"));
  expect_refused("rope", metadata(R"("layer":"1","prefill":"3","rope":"pre")"), ErrorCode::unsupported);
  expect_refused("metadata layer", metadata(R"("layer":"one","prefill":"3")"));
  expect_refused("which layer", metadata(R"("prefill":"3")"));
  expect_error(ErrorCode::corrupt, "the name says 8", [] { Parts{}.read(8); });
}

// A small file must not ask for many groups or long position lists.
TEST(QkvSafetensors, HeadsWithoutRowsAndManyHeadsAreRefused) {
  const auto read = [](const std::string& q, const std::string& k, std::uint64_t q_size, std::uint64_t k_size) {
    const std::string header = R"({"__metadata__":{"layer":"1","prefill":"0"},)" +
                               test::entry("q", "F16", q, 0, q_size) + "," +
                               test::entry("k", "F16", k, q_size, q_size + k_size) + "}";
    read_layer(
        Safetensors::parse(test::source_of(test::safetensors_bytes(header, static_cast<std::size_t>(q_size + k_size)))),
        std::nullopt);
  };
  expect_error(ErrorCode::corrupt, "\"q\"", [&] { read("[1099511627776,0,2]", "[1,1,2]", 0, 4); });
  expect_error(ErrorCode::corrupt, "\"k\"", [&] { read("[1,1,2]", "[1099511627776,1,0]", 4, 0); });
  expect_error(ErrorCode::corrupt, "1025 heads", [&] { read("[1025,1,1]", "[1,1,1]", 2050, 2); });
  read("[1024,1,1]", "[1024,1,1]", 2048, 2048);
}

TEST(QkvReaders, NamesOfLayerFiles) {
  EXPECT_EQ(layer_in_name("layer_00.safetensors"), 0);
  EXPECT_EQ(layer_in_name("layer_7.safetensors"), 7);
  EXPECT_EQ(layer_in_name("layer_123.safetensors"), 123);
  for (const char* name : {"layer_.safetensors", "layer_1", "layer_-1.safetensors", "layer_1a.safetensors",
                           "model.safetensors", "layer_1.safetensors.tmp", "layer_1234567.safetensors", ""}) {
    EXPECT_FALSE(layer_in_name(name)) << name;
  }
  EXPECT_FALSE(parse_number("+1"));
  EXPECT_EQ(parse_number("000001"), 1);
}

}  // namespace
}  // namespace rattan::datasets
