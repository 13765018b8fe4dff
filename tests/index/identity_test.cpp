#include "index/identity.h"

#include <gtest/gtest.h>

#include "storage/byte_writer.h"
#include "storage/checksum.h"
#include "tests/support/errors.h"
#include "tests/support/matrices.h"

namespace rattan {
namespace {

using test::expect_error;
using test::random_matrix;

Container saved_over(const SharedMatrix& keys, Metric metric) {
  ContainerWriter writer("flat");
  add_identity(writer, *build_flat(keys, metric));
  return Container::parse(writer.bytes(), "some/file");
}

void expect_other_keys(const Container& container, const MatrixView& keys, std::string_view part) {
  expect_error(ErrorCode::invalid_argument, part, [&] { check_identity(container, keys); });
  expect_error(ErrorCode::invalid_argument, "some/file", [&] { check_identity(container, keys); });
}

TEST(Identity, SameKeysGiveTheMetricBack) {
  for (const DType dtype : test::all_dtypes) {
    for (const Metric metric : test::all_metrics) {
      const SharedMatrix keys = random_matrix(9, 7, 3, dtype);
      EXPECT_EQ(check_identity(saved_over(keys, metric), keys.view), metric);
    }
  }
}

TEST(Identity, TheSameKeysElsewhereInMemoryWithAnotherStrideAreTheSame) {
  const Container container = saved_over(random_matrix(9, 7, 3), Metric::l2);
  EXPECT_EQ(check_identity(container, random_matrix(9, 7, 3, DType::f32, 11).view), Metric::l2);
}

TEST(Identity, NoKeysAreKeysToo) {
  const SharedMatrix keys = random_matrix(0, 7, 3);
  EXPECT_EQ(check_identity(saved_over(keys, Metric::l2), keys.view), Metric::l2);
}

// FAULTS A14.
TEST(Identity, A14_OtherKeysAreRefusedByName) {
  const Container container = saved_over(random_matrix(9, 8, 3, DType::f16), Metric::l2);
  expect_other_keys(container, random_matrix(8, 8, 3, DType::f16).view, "rows is 8");
  expect_other_keys(container, random_matrix(9, 7, 3, DType::f16).view, "dim is 7");
  expect_other_keys(container, random_matrix(9, 8, 3, DType::bf16).view, "dtype is bf16");
  const SharedMatrix changed = random_matrix(9, 8, 3, DType::f16);
  test::set_element(changed, 8, 7, 9.0F);
  expect_other_keys(container, changed.view, "fingerprint");
}

struct Fields {
  std::uint64_t rows = 2;
  std::uint64_t dim = 3;
  std::uint32_t dtype = 0;
  std::uint32_t metric = 1;
  bool trailing = false;
};

Container forged(const SharedMatrix& keys, const Fields& fields) {
  ByteWriter out;
  out.u64(fields.rows);
  out.u64(fields.dim);
  out.u32(fields.dtype);
  out.u32(fields.metric);
  out.u64(fingerprint(keys.view));
  if (fields.trailing) out.u8(0);
  ContainerWriter writer("flat");
  writer.add("identity", out.take());
  return Container::parse(writer.bytes(), "forged");
}

// FAULTS A1, A9, A13, with correct checksums.
TEST(Identity, A9_A13_NonsenseIsCorrupt) {
  const SharedMatrix keys = random_matrix(2, 3, 1);
  EXPECT_EQ(check_identity(forged(keys, {}), keys.view), Metric::l2);
  const auto expect_corrupt = [&](std::string_view part, const Fields& fields) {
    expect_error(ErrorCode::corrupt, part, [&] { check_identity(forged(keys, fields), keys.view); });
  };
  expect_corrupt("dtype", {2, 3, 3, 1, false});
  expect_corrupt("metric", {2, 3, 0, 2, false});
  expect_corrupt("dim", {2, 0, 0, 1, false});
  expect_corrupt("dim", {2, 65537, 0, 1, false});
  expect_corrupt("rows", {std::uint64_t{no_key} + 1, 3, 0, 1, false});
  expect_corrupt("identity", {2, 3, 0, 1, true});
}

TEST(Identity, AMissingSectionIsCorrupt) {
  const Container container = Container::parse(ContainerWriter("flat").bytes(), "bare");
  expect_error(ErrorCode::corrupt, "identity", [&] { check_identity(container, random_matrix(2, 3, 1).view); });
}

}  // namespace
}  // namespace rattan
