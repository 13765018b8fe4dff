#include "index/registry.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "index/identity.h"
#include "tests/support/errors.h"
#include "tests/support/files.h"
#include "tests/support/matrices.h"

namespace rattan {
namespace {

using test::expect_error;
using test::random_matrix;

TEST(Registry, KindsAreSortedAndFlatAndGraphAreAlwaysThere) {
  const auto kinds = index_kinds();
  const auto before = [](const IndexKind& a, const IndexKind& b) { return a.name < b.name; };
  EXPECT_TRUE(std::is_sorted(kinds.begin(), kinds.end(), before));
  for (const std::string_view name : {"flat", "graph"}) {
    const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const IndexKind& k) { return k.name == name; });
    ASSERT_NE(kind, kinds.end()) << name;
    EXPECT_TRUE(kind->available) << name;
  }
}

TEST(Registry, AvailableKindsAreTheAvailableRows) {
  std::vector<std::string> expected;
  for (const IndexKind& kind : index_kinds()) {
    if (kind.available) expected.emplace_back(kind.name);
  }
  EXPECT_EQ(available_kinds(), expected);
}

class OpenIndex : public ::testing::Test {
 protected:
  void expect_refused(ErrorCode code, std::string_view part) {
    expect_error(code, part, [&] { open_index(path_, keys_); });
  }

  test::TempDirectory directory_;
  std::filesystem::path path_ = directory_ / "saved.rattan";
  SharedMatrix keys_ = random_matrix(5, 4, 1);
};

TEST_F(OpenIndex, OpensWhatWasSavedAsTheSameKind) {
  build_flat(keys_, Metric::l2)->save(path_);
  const auto index = open_index(path_, keys_);
  EXPECT_EQ(index->kind(), "flat");
  EXPECT_EQ(index->metric(), Metric::l2);
  EXPECT_EQ(index->size(), 5U);
}

// FAULTS A19.
TEST_F(OpenIndex, A19_MissingEmptyAndGarbageFiles) {
  expect_refused(ErrorCode::not_found, "saved.rattan");
  test::write_file(path_, "");
  expect_refused(ErrorCode::corrupt, "saved.rattan");
  test::write_file(path_, std::string(1000, 'x'));
  expect_refused(ErrorCode::corrupt, "saved.rattan");
  path_ = directory_.path();
  EXPECT_THROW(open_index(path_, keys_), Error);
}

TEST_F(OpenIndex, AnUnknownKindIsNamed) {
  ContainerWriter writer("hypergraph");
  add_identity(writer, *build_flat(keys_));
  writer.save(path_);
  expect_refused(ErrorCode::version, "hypergraph");
}

TEST_F(OpenIndex, BadKeysAreRefusedBeforeTheFileIsRead) {
  keys_ = SharedMatrix(MatrixView(nullptr, DType::f32, 5, 4));
  expect_refused(ErrorCode::invalid_argument, "keys");
}

}  // namespace
}  // namespace rattan
