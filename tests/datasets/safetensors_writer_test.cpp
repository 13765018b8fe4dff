#include <gtest/gtest.h>

#include <array>

#include "datasets/safetensors.h"
#include "tests/support/errors.h"
#include "tests/support/files.h"

namespace rattan::datasets {
namespace {

using test::expect_error;

const std::array<float, 6> floats{1, 2, 3, 4, 5, 6};
const std::array<std::int32_t, 2> integers{-1, 7};

std::span<const std::byte> bytes(std::size_t begin, std::size_t count) {
  return std::as_bytes(std::span(floats).subspan(begin, count));
}

TEST(SafetensorsWriter, WhatIsWrittenIsReadBack) {
  const test::TempDirectory directory;
  const std::vector<TensorSource> tensors{
      {"z", TensorType::f32, {2, 3}, {bytes(0, 1), bytes(1, 5)}},
      {"a \"quoted\" \n name", TensorType::i32, {2}, {std::as_bytes(std::span(integers))}},
      {"empty", TensorType::f16, {0, 9}, {}},
  };
  const Metadata metadata{{"prefill", "17"}, {"Quelle", "ä\\\""}};
  write_safetensors(directory / "a", tensors, metadata);
  const Safetensors file = Safetensors::open(directory / "a");
  EXPECT_EQ(file.metadata(), metadata);
  ASSERT_EQ(file.tensors().size(), 3U);
  EXPECT_EQ(file.at("z").shape, (std::vector<std::uint64_t>{2, 3}));
  const auto back = file.at("z").bytes;
  EXPECT_TRUE(std::equal(back.begin(), back.end(), bytes(0, 6).begin(), bytes(0, 6).end()));
  EXPECT_EQ(file.integers(file.at("a \"quoted\" \n name")), (std::vector<std::int64_t>{-1, 7}));
}

TEST(SafetensorsWriter, DataIsAlignedInAMappedFile) {
  const test::TempDirectory directory;
  const std::vector<TensorSource> tensors{{"z", TensorType::f32, {6}, {bytes(0, 6)}}};
  write_safetensors(directory / "a", tensors, {});
  const Safetensors file = Safetensors::open(directory / "a", Access::map);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(file.at("z").bytes.data()) % 64, 0U);
}

TEST(SafetensorsWriter, WrongInputIsRefusedAndTheOldFileKept) {
  const test::TempDirectory directory;
  test::write_file(directory / "a", "old");
  const auto refuse = [&](std::string_view part, const std::vector<TensorSource>& tensors, const Metadata& metadata) {
    expect_error(ErrorCode::invalid_argument, part, [&] { write_safetensors(directory / "a", tensors, metadata); });
  };
  refuse("\"x\"", {{"x", TensorType::f32, {5}, {bytes(0, 6)}}}, {});
  refuse("\"x\"", {{"x", TensorType::f32, {1ULL << 62, 4}, {}}}, {});
  refuse("taken", {{"x", TensorType::f32, {0}, {}}, {"x", TensorType::f32, {0}, {}}}, {});
  refuse("taken", {{"__metadata__", TensorType::f32, {0}, {}}}, {});
  refuse("UTF-8", {}, {{"k", "\xff"}});
  EXPECT_EQ(test::read_file(directory / "a"), "old");
  expect_error(ErrorCode::not_found, "nowhere", [&] { write_safetensors(directory / "nowhere/a", {}, {}); });
}

// FAULTS G5: writing over the file whose mapping is being written.
TEST(SafetensorsWriter, G5_AMappedFileCanBeRewrittenFromItself) {
  const test::TempDirectory directory;
  write_safetensors(directory / "a", std::vector<TensorSource>{{"z", TensorType::f32, {6}, {bytes(0, 6)}}}, {});
  const Safetensors mapped = Safetensors::open(directory / "a", Access::map);
  const auto old = mapped.at("z").bytes;
  const std::vector<TensorSource> twice{{"y", TensorType::f32, {6}, {old}}, {"z", TensorType::f32, {6}, {old}}};
  write_safetensors(directory / "a", twice, {});
  const Safetensors file = Safetensors::open(directory / "a");
  for (const char* name : {"y", "z"}) {
    const auto back = file.at(name).bytes;
    EXPECT_TRUE(std::equal(back.begin(), back.end(), bytes(0, 6).begin(), bytes(0, 6).end()));
  }
}

}  // namespace
}  // namespace rattan::datasets
