// Files of bare vectors without a magic of their own: fvecs, ivecs, fbin, f16bin, ibin (FAULTS B6, B7, R1).
#include "datasets/vecs.h"
#include "datasets/xbin.h"
#include "tests/datasets/files.h"
#include "tests/fuzz/target.h"
#include "tests/fuzz/touch.h"

namespace rattan::fuzz {
namespace {

void check(const datasets::IntegerRows& rows) {
  require(rows.values.size() == rows.rows * rows.cols, "integer rows have as many numbers as their shape says");
}

}  // namespace

void run(std::span<const std::byte> input) {
  const datasets::Source source = test::source_of(Bytes(input.begin(), input.end()));
  accepted([&] { touch(datasets::parse_fvecs(source)); });
  accepted([&] { check(datasets::parse_ivecs(source)); });
  accepted([&] { touch(datasets::parse_xbin(source, DType::f32)); });
  accepted([&] { touch(datasets::parse_xbin(source, DType::f16)); });
  accepted([&] { check(datasets::parse_ibin(source)); });
}

std::vector<Bytes> seeds() {
  ByteWriter vecs;
  for (int row = 0; row < 3; ++row) {
    vecs.u32(4);
    vecs.zeros(16);
  }
  ByteWriter bin;
  bin.u32(3);
  bin.u32(4);
  bin.zeros(48);
  ByteWriter halves;
  halves.u32(2);
  halves.u32(3);
  halves.zeros(12);
  return {vecs.take(), bin.take(), halves.take()};
}

}  // namespace rattan::fuzz
