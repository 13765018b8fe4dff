// Seeded mutations of good files, in memory: whatever comes, only rattan::Error comes out, and what is accepted lies
// inside the file (FAULTS R1; the campaign: tests/fuzz).
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <string>

#include "datasets/npy.h"
#include "datasets/qkv_readers.h"
#include "datasets/vecs.h"
#include "datasets/xbin.h"
#include "tests/datasets/files.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/touch.h"
#include "tests/support/files.h"

namespace rattan::datasets {
namespace {

constexpr std::uint64_t rounds = 20'000;

using fuzz::Draw;
using fuzz::mutate;
using fuzz::touch;

// `repair` may mend what would otherwise stop most mutations at the door.
void fuzz(
    const std::vector<std::byte>& good, std::uint64_t seed, const std::function<void(const Source&)>& read,
    const std::function<void(std::vector<std::byte>&)>& repair = [](auto&) {}) {
  ASSERT_NO_THROW(read(test::source_of(good)));
  std::uint64_t refused = 0;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    Draw draw(seed, round);
    std::vector<std::byte> bytes = good;
    const std::size_t edits = 1 + draw.below(4);
    for (std::size_t i = 0; i < edits; ++i) mutate(bytes, draw);
    if (draw.below(2) == 0) repair(bytes);
    try {
      read(test::source_of(std::move(bytes)));
    } catch (const Error&) {
      ++refused;
    } catch (const std::exception& other) {
      FAIL() << "round " << round << ": " << other.what();
    }
  }
  EXPECT_GT(refused, rounds / 10);
}

// Sets a safetensors file's header length to the end of the last '}', where there is one.
void repair_length(std::vector<std::byte>& bytes) {
  const auto last = std::find(bytes.rbegin(), bytes.rend(), std::byte{'}'});
  const auto end = static_cast<std::size_t>(bytes.rend() - last);
  if (bytes.size() < 8 || end <= 8) return;
  ByteWriter length;
  length.u64(end - 8);
  std::copy(length.view().begin(), length.view().end(), bytes.begin());
}

TEST(Fuzz, Npy) {
  const auto good = test::npy_bytes("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }     \n", 48);
  fuzz(good, 1, [](const Source& source) { touch(parse_npy(source).matrix); });
}

TEST(Fuzz, Fvecs) {
  ByteWriter out;
  for (int row = 0; row < 3; ++row) {
    out.u32(4);
    out.zeros(16);
  }
  const auto good = out.take();
  fuzz(good, 2, [](const Source& source) { touch(parse_fvecs(source)); });
  fuzz(good, 3, [](const Source& source) { parse_ivecs(source); });
}

TEST(Fuzz, Xbin) {
  ByteWriter out;
  out.u32(3);
  out.u32(4);
  out.zeros(48);
  const auto good = out.take();
  fuzz(good, 4, [](const Source& source) { touch(parse_xbin(source, DType::f32)); });
  fuzz(good, 5, [](const Source& source) { parse_ibin(source); });
}

TEST(Fuzz, Safetensors) {
  const auto good =
      test::safetensors_bytes("{\"__metadata__\":{\"k\":\"v\"}," + test::entry("a", "F32", "[2,3]", 0, 24) + "," +
                                  test::entry("b", "I64", "[1]", 24, 32) + "}",
                              32);
  const auto read = [](const Source& source) {
    const Safetensors file = Safetensors::parse(source);
    if (file.find("a") != nullptr) touch(file.matrix("a"));
    if (file.find("b") != nullptr) file.integers(file.at("b"));
  };
  fuzz(good, 6, read, repair_length);
}

TEST(Fuzz, QkvLayer) {
  const std::string header =
      R"({"__metadata__":{"layer":"1","prefill":"2","softmax_scale":"0.5","heads":"2"},)" +
      test::entry("q", "F16", "[2,2,2]", 0, 16) + "," + test::entry("k", "F16", "[1,3,2]", 16, 28) + "," +
      test::entry("v", "F16", "[1,3,2]", 28, 40) + "," + test::entry("q_pos", "I32", "[2]", 40, 48) + "}";
  auto good = test::safetensors_bytes(header, 40);
  ByteWriter positions;
  positions.array(std::vector<std::int32_t>{1, 2});
  good.insert(good.end(), positions.view().begin(), positions.view().end());
  const auto read = [](const Source& source) {
    for (const KvGroup& group : read_layer(Safetensors::parse(source), std::nullopt)) {
      touch(group.keys);
      touch(group.values);
      for (const SharedMatrix& queries : group.prefill_queries) touch(queries);
      for (const SharedMatrix& queries : group.decode_queries) touch(queries);
      for (const std::int64_t position : group.decode_positions) {
        ASSERT_GE(position, static_cast<std::int64_t>(group.prefill));
        ASSERT_LT(position, static_cast<std::int64_t>(group.keys.view.rows));
      }
    }
  };
  fuzz(good, 7, read, repair_length);
}

// What a reader says of a file: nothing, or why it is refused.
std::string verdict(const std::function<void()>& read) {
  try {
    read();
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

// FAULTS A7: one reader for both, so a mapped file is refused as a copied one is, word for word.
TEST(Fuzz, A7_MappedFilesAreCheckedAsCopiedOnes) {
  const test::TempDirectory folder;
  const auto path = folder / "file.npy";
  const auto good = test::npy_bytes("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }     \n", 48);
  const auto tensors = test::safetensors_bytes("{" + test::entry("a", "F32", "[2,3]", 0, 24) + "}", 24);
  std::size_t refused = 0;
  for (std::uint64_t round = 0; round < 400; ++round) {
    Draw draw(8, round);
    std::vector<std::byte> bytes = round % 2 == 0 ? good : tensors;
    mutate(bytes, draw);
    test::write_file(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    const auto both = [&](const auto& read) {
      const std::string copied = verdict([&] { read(Access::copy); });
      EXPECT_EQ(verdict([&] { read(Access::map); }), copied);
      refused += copied.empty() ? 0 : 1;
    };
    both([&](Access access) { touch(read_npy(path, access).matrix); });
    both([&](Access access) { touch(Safetensors::open(path, access).matrix("a")); });
    both([&](Access access) { touch(read_fvecs(path, access)); });
    both([&](Access access) { touch(read_fbin(path, access)); });
  }
  EXPECT_GT(refused, 400U);
}

// FAULTS G4: a mapped file whose bytes change keeps the shape that was read; a copied one keeps its bytes as well.
TEST(Fuzz, G4_AFileThatChangesAfterItWasReadHasItsShape) {
  const test::TempDirectory folder;
  const auto path = folder / "file.npy";
  const auto good = test::npy_bytes("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }     \n", 48);
  for (const Access access : {Access::copy, Access::map}) {
    test::write_file(path, {reinterpret_cast<const char*>(good.data()), good.size()});
    const SharedMatrix matrix = read_npy(path, access).matrix;
    const std::uint64_t before = touch(matrix);
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file << std::string(good.size(), '\xff') << std::flush;
    ASSERT_TRUE(file);
    EXPECT_EQ(matrix.view.rows, 3U);
    EXPECT_EQ(matrix.view.cols, 4U);
    EXPECT_EQ(touch(matrix), access == Access::copy ? before : 48U * 255U);
  }
}

}  // namespace
}  // namespace rattan::datasets
