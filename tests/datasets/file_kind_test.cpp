#include "datasets/file_kind.h"

#include <gtest/gtest.h>

#include <string>

#include "datasets/qkv_dump.h"
#include "tests/datasets/vector_files.h"
#include "tests/support/errors.h"

namespace rattan::datasets {
namespace {

using test::TempDirectory;

FileKind kind_of(const std::string& name, std::string_view bytes) {
  const TempDirectory folder;
  test::write_file(folder / name, bytes);
  return kind_of_file(folder / name);
}

TEST(FileKind, FirstBytesCountBeforeTheName) {
  EXPECT_EQ(kind_of("a.fbin", "\x93NUMPY..."), FileKind::npy);
  EXPECT_EQ(kind_of("a", "\x89HDF\r\n\x1a\n"), FileKind::hdf5);
  EXPECT_EQ(kind_of("a.safetensors", "RATTANIX1234"), FileKind::rattan_index);
  EXPECT_EQ(kind_of("a.pt", "PK\x03\x04"), FileKind::zip);
  EXPECT_EQ(kind_of("a.bin", "\x80\x04}q\x01"), FileKind::pickle);
  EXPECT_EQ(kind_of("a", "GGUF\x03"), FileKind::gguf);
  EXPECT_EQ(kind_of("a", "PAR1"), FileKind::parquet);
  EXPECT_EQ(kind_of("a.npy", "\x1f\x8b\x08"), FileKind::packed);
  EXPECT_EQ(kind_of("a", std::string_view("\x40\0\0\0\0\0\0\0{\"q\":", 13)), FileKind::safetensors);
  EXPECT_EQ(kind_of("a", "{\"record\":\"row\"}\n"), FileKind::result_rows);
  EXPECT_EQ(kind_of("a", "1,2,3\n"), FileKind::text);
  EXPECT_EQ(kind_of("a", "\x01\x02"), FileKind::unknown);
}

TEST(FileKind, FormatsWithoutAMarkAreToldByName) {
  EXPECT_EQ(kind_of("a.fvecs", "...."), FileKind::fvecs);
  EXPECT_EQ(kind_of("a.ivecs", "...."), FileKind::ivecs);
  EXPECT_EQ(kind_of("a.fbin", "...."), FileKind::fbin);
  EXPECT_EQ(kind_of("a.f16bin", "...."), FileKind::f16bin);
  EXPECT_EQ(kind_of("a.ibin", "...."), FileKind::ibin);
  EXPECT_EQ(kind_of("model.safetensors.index.json", "{}"), FileKind::shard_index);
}

TEST(FileKind, AWrongFileSaysWhatItIsAndWhatTakesIt) {
  const TempDirectory folder;
  const auto expect = [&](const std::string& name, std::string_view bytes, std::string_view part) {
    test::write_file(folder / name, bytes);
    test::expect_error(ErrorCode::unsupported, part, [&] { QkvDump::open(folder / name); });
    test::expect_error(ErrorCode::unsupported, name, [&] { QkvDump::open(folder / name); });
  };
  expect("graph.rattan", "RATTANIX1234", "is a Rattan index; \"rattan-bench search --index-file\"");
  expect("qkv.pt", "PK\x03\x04", "\"python -m rattan.dump --from-pt FILE -o DIR\"");
  expect("model.gguf", "GGUF", "\"python -m rattan.dump FILE --text TEXT -o DIR\"");
  expect("rows.jsonl", "{\"record\":\"row\"}", "\"rattan-bench report\" draws them");
  expect("keys.npy", "\x93NUMPY", "--data KEYS.npy+QUERIES.npy");
  expect("truth.ibin", "....", "ids, not vectors");
  expect("noise", "\x01\x02", "a file of no known format");
}

}  // namespace
}  // namespace rattan::datasets
