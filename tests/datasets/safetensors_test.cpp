#include "datasets/safetensors.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/datasets/files.h"
#include "tests/support/errors.h"
#include "tests/support/files.h"
#include "tests/support/matrices.h"

namespace rattan::datasets {
namespace {

using test::entry;
using test::expect_error;
using test::safetensors_bytes;
using test::source_of;

Safetensors parse(const std::string& header, std::size_t data_size) {
  return Safetensors::parse(source_of(safetensors_bytes(header, data_size)));
}

void expect_refused(std::string_view part, const std::string& header, std::size_t data_size,
                    ErrorCode code = ErrorCode::corrupt) {
  SCOPED_TRACE(header.substr(0, 200));
  expect_error(code, part, [&] { parse(header, data_size); });
  expect_error(code, "made.file", [&] { parse(header, data_size); });
}

TEST(Safetensors, TensorsMetadataAndBytes) {
  const Safetensors file =
      parse("{\"__metadata__\":{\"a\":\"1\",\"b\":\"zwei \\u00e4\"}," + entry("late", "F32", "[1,2]", 4, 12) + "," +
                entry("early", "F16", "[2]", 0, 4) + "," + entry("none", "I64", "[3,0]", 4, 4) + "}   ",
            12);
  EXPECT_EQ(file.metadata(), (Metadata{{"a", "1"}, {"b", "zwei ä"}}));
  ASSERT_EQ(file.tensors().size(), 3U);
  EXPECT_EQ(file.tensors()[0].name, "early");
  EXPECT_EQ(file.at("early").type, TensorType::f16);
  EXPECT_EQ(file.at("late").shape, (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(file.at("late").bytes.front(), std::byte{4});
  EXPECT_EQ(file.find("absent"), nullptr);
  expect_error(ErrorCode::corrupt, "absent", [&] { file.at("absent"); });
  EXPECT_TRUE(file.integers(file.at("none")).empty());
}

TEST(Safetensors, AFileWithoutTensorsIsWhole) {
  EXPECT_TRUE(parse("{}", 0).tensors().empty());
  EXPECT_TRUE(parse("{\"__metadata__\":{}}", 0).metadata().empty());
  EXPECT_TRUE(parse("{" + entry("scalar", "F32", "[]", 0, 4) + "}", 4).at("scalar").shape.empty());
}

TEST(Safetensors, MatricesAndIntegers) {
  const std::string header = "{" + entry("m", "F32", "[2,3]", 0, 24) + "," + entry("t", "BF16", "[2,1,4]", 24, 40) +
                             "," + entry("i", "I32", "[2]", 40, 48) + "," + entry("j", "I64", "[1]", 48, 56) + "," +
                             entry("d", "F64", "[1,1]", 56, 64) + "}";
  const Safetensors file = parse(header, 64);
  EXPECT_EQ(file.matrix("m").view.rows, 2U);
  EXPECT_EQ(file.matrix("m").view.cols, 3U);
  const SharedMatrix second = file.matrix(file.at("t"), 1);
  EXPECT_EQ(second.view.dtype, DType::bf16);
  EXPECT_EQ(second.view.cols, 4U);
  EXPECT_EQ(static_cast<const std::byte*>(second.view.data)[0], std::byte{32});
  EXPECT_EQ(file.integers(file.at("i")), (std::vector<std::int64_t>{0x2b2a2928, 0x2f2e2d2c}));
  EXPECT_EQ(file.integers(file.at("j")), (std::vector<std::int64_t>{0x3736353433323130}));
  expect_error(ErrorCode::unsupported, "F64", [&] { file.matrix("d"); });
  expect_error(ErrorCode::unsupported, "F32", [&] { file.integers(file.at("m")); });
  expect_error(ErrorCode::corrupt, "3 dimensions", [&] { file.matrix("t"); });
  expect_error(ErrorCode::invalid_argument, "\"t\"", [&] { file.matrix(file.at("t"), 2); });
  expect_error(ErrorCode::invalid_argument, "\"m\"", [&] { file.matrix(file.at("m"), 0); });
}

// FAULTS B5: the header length decides where data begins; every address must work.
TEST(Safetensors, B5_DataAtOddAddressesIsNormal) {
  std::string header = "{" + entry("m", "F32", "[1,2]", 0, 8) + "}";
  for (int pad = 0; pad < 8; ++pad, header += ' ') {
    const Safetensors file = parse(header, 8);
    EXPECT_EQ(test::row_values(file.matrix("m").view, 0).size(), 2U);
  }
}

TEST(Safetensors, MatricesKeepTheFileAlive) {
  SharedMatrix matrix;
  {
    const test::TempDirectory directory;
    const auto bytes = safetensors_bytes("{" + entry("m", "F32", "[1,2]", 0, 8) + "}", 8);
    test::write_file(directory / "a", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    for (const Access access : {Access::copy, Access::map})
      matrix = Safetensors::open(directory / "a", access).matrix("m");
  }
  EXPECT_EQ(static_cast<const std::byte*>(matrix.view.data)[7], std::byte{7});
}

// FAULTS B4: the reference's rules.
TEST(Safetensors, B4_HeaderLength) {
  for (const std::uint64_t size :
       {std::uint64_t{11}, std::uint64_t{100'000'001}, std::uint64_t{1} << 40, ~std::uint64_t{0}}) {
    ByteWriter out;
    out.u64(size);
    out.text("{}        ");
    expect_error(ErrorCode::corrupt, "header length", [&] { Safetensors::parse(source_of(out.take())); });
  }
  expect_error(ErrorCode::corrupt, "header length", [] { Safetensors::parse(source_of("short")); });
  expect_refused("'{'", "", 0);
  expect_refused("'{'", " {}", 0);
  expect_refused("'{'", "[]", 0);
  expect_refused("'{'", "\xef\xbb\xbf{}", 0);
}

TEST(Safetensors, B4_HeadersAreCappedHoweverLargeTheFile) {
  const test::TempDirectory directory;
  ByteWriter out;
  out.u64(100'000'001);
  out.text("{");
  test::write_file(directory / "a", {reinterpret_cast<const char*>(out.view().data()), out.size()});
  std::filesystem::resize_file(directory / "a", 100'000'100);
  expect_error(ErrorCode::corrupt, "header length is 100000001, allowed is up to 100000000",
               [&] { Safetensors::open(directory / "a", Access::map); });
}

TEST(Safetensors, B4_OverlapHoleRestAndOutside) {
  expect_refused("\"b\": data_offsets", "{" + entry("a", "U8", "[4]", 0, 4) + "," + entry("b", "U8", "[4]", 2, 6) + "}",
                 6);
  expect_refused("\"b\": data_offsets", "{" + entry("a", "U8", "[4]", 0, 4) + "," + entry("b", "U8", "[4]", 0, 4) + "}",
                 4);
  expect_refused("\"b\": data_offsets", "{" + entry("a", "U8", "[4]", 0, 4) + "," + entry("b", "U8", "[4]", 5, 9) + "}",
                 9);
  expect_refused("\"a\": data_offsets", "{" + entry("a", "U8", "[4]", 1, 5) + "}", 5);
  expect_refused("\"a\": data_offsets", "{" + entry("a", "U8", "[4]", 0, 4) + "}", 3);
  expect_refused("\"a\": data_offsets", "{" + entry("a", "U8", "[0]", 4, 0) + "}", 4);
  expect_refused("end at 4 of 5", "{" + entry("a", "U8", "[4]", 0, 4) + "}", 5);
  expect_refused("end at 0 of 1", "{}", 1);
}

TEST(Safetensors, B4_ShapesThatDoNotFitOrWrap) {
  expect_refused("\"a\": shape", "{" + entry("a", "F32", "[2]", 0, 4) + "}", 4);
  expect_refused("\"a\": shape", "{" + entry("a", "F32", "[]", 0, 8) + "}", 8);
  expect_refused("\"a\": shape", "{" + entry("a", "F32", "[4611686018427387904]", 0, 0) + "}", 0);
  expect_refused("\"a\": shape", "{" + entry("a", "U8", "[4294967296,4294967296]", 0, 0) + "}", 0);
  expect_refused("\"a\": shape", "{" + entry("a", "U8", "[18446744073709551615,18446744073709551615,0]", 0, 0) + "}",
                 0);
  expect_refused("8 dimensions", "{" + entry("a", "U8", "[1,1,1,1,1,1,1,1,1]", 0, 1) + "}", 1);
}

TEST(Safetensors, B4_NamesAndKeysTwice) {
  expect_refused("\"a\" is there twice",
                 "{" + entry("a", "U8", "[1]", 0, 1) + "," + entry("a", "U8", "[1]", 1, 2) + "}", 2);
  expect_refused("\"k\" is there twice", R"({"__metadata__":{"k":"1","k":"2"}})", 0);
  expect_refused("two __metadata__", R"({"__metadata__":{},"__metadata__":{}})", 0);
  expect_refused("each once", R"({"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}})", 0);
  expect_refused("each once", R"({"a":{"dtype":"U8","shape":[0],"shape":[0],"data_offsets":[0,0]}})", 0);
  expect_refused("each once", R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"more":1}})", 0);
}

TEST(Safetensors, B4_OtherFormsOfJson) {
  const char* const bad[] = {
      R"({)",
      R"({"a")",
      R"({"a":1})",
      R"({"a":null})",
      R"({"a":[]})",
      R"({"a":{}})",
      R"({"a":"text"})",
      R"({"a":{"dtype":"U8","shape":[0]}})",
      R"({"a":{"dtype":"U8","data_offsets":[0,0]}})",
      R"({"a":{"shape":[0],"data_offsets":[0,0]}})",
      R"({"a":{"dtype":5,"shape":[0],"data_offsets":[0,0]}})",
      R"({"a":{"dtype":["U8"],"shape":[0],"data_offsets":[0,0]}})",
      R"({"a":{"dtype":"U8","shape":0,"data_offsets":[0,0]}})",
      R"({"a":{"dtype":"U8","shape":"0","data_offsets":[0,0]}})",
      R"({"a":{"dtype":"U8","shape":{"0":0},"data_offsets":[0,0]}})",
      R"({"a":{"dtype":"U8","shape":[[0]],"data_offsets":[0,0]}})",
      R"({"a":{"dtype":"U8","shape":[0.0],"data_offsets":[0,0]}})",
      R"({"a":{"dtype":"U8","shape":[-0],"data_offsets":[0,0]}})",
      R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,0]}})",
      R"({"a":{"dtype":"U8","shape":[1e0],"data_offsets":[0,1]}})",
      R"({"a":{"dtype":"U8","shape":[18446744073709551616],"data_offsets":[0,0]}})",
      R"({"a":{"dtype":"U8","shape":[true],"data_offsets":[0,0]}})",
      R"({"a":{"dtype":"U8","shape":[null],"data_offsets":[0,0]}})",
      R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0]}})",
      R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0,0]}})",
      R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[]}})",
      R"({"__metadata__":[]})",
      R"({"__metadata__":{"k":1}})",
      R"({"__metadata__":{"k":null}})",
      R"({"__metadata__":{"k":{}}})",
      R"({"__metadata__":{"k":[]}})",
      R"({} {})",
      R"({},)",
      R"({'a':1})",
      "{\"\xff\":1}",
      "{\"__metadata__\":{\"k\":\"\xc3\x28\"}}",
  };
  for (const char* text : bad) expect_refused("made.file", text, 0);
  expect_refused("NUL", std::string("{}\0", 3), 0);
  expect_refused("NUL", std::string("{\"__metadata__\":{}}\0 anything", 28), 0);
  expect_refused("F4", "{" + entry("a", "F4", "[2]", 0, 1) + "}", 1, ErrorCode::unsupported);
  expect_refused("f32", "{" + entry("a", "f32", "[1]", 0, 4) + "}", 4, ErrorCode::unsupported);
}

// Nesting without end must neither recurse nor eat memory.
TEST(Safetensors, DeepNestingEndsAtOnce) {
  std::string objects = "{";
  std::string arrays = R"({"a":{"dtype":"U8","shape":)";
  std::string metadata = R"({"__metadata__":)";
  for (int i = 0; i < 1'000'000; ++i) {
    objects += "\"a\":{";
    arrays += '[';
    metadata += "{\"a\":";
  }
  for (const std::string& text : {objects, arrays, metadata}) expect_refused("made.file", text, 0);
}

TEST(Safetensors, EveryTruncationIsRefused) {
  const auto bytes = safetensors_bytes("{" + entry("m", "F32", "[1,2]", 0, 8) + "}", 8);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    expect_error(ErrorCode::corrupt, "made.file", [&] {
      Safetensors::parse(source_of({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)}));
    });
  }
}

// FAULTS A11: nesting beyond what a header has is refused where it begins, however deep.
TEST(Safetensors, A11_DeepNestingIsRefusedWithoutAStack) {
  for (const std::string& open : {std::string("["), std::string("{\"a\":"), std::string("[{\"a\":")}) {
    std::string deep = "{\"a\":{\"dtype\":\"F32\",\"shape\":";
    for (int depth = 0; depth < 200'000; ++depth) deep += open;
    EXPECT_THROW(Safetensors::parse(test::source_of(test::safetensors_bytes(deep, 0))), Error);
  }
}

}  // namespace
}  // namespace rattan::datasets
