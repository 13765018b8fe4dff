#include "index/registry.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "index/identity.h"
#include "rattan/exact_topk.h"
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

TEST(Registry, RowsAreComplete) {
  for (const IndexKind& kind : index_kinds()) {
    EXPECT_NE(kind.build, nullptr) << kind.name;
    EXPECT_NE(kind.open, nullptr) << kind.name;
    EXPECT_TRUE(!kind.contender || (kind.growth != nullptr && kind.bytes != nullptr)) << kind.name;
    EXPECT_TRUE(!kind.exact || !kind.width) << kind.name;
    EXPECT_EQ(find_kind(kind.name), &kind);
    EXPECT_EQ(find_head_kind(kind.head_kind), kind.head_kind == 0 ? nullptr : &kind);
  }
  EXPECT_EQ(find_kind("hypergraph"), nullptr);
  EXPECT_EQ(find_head_kind(99), nullptr);
}

TEST(Registry, WhatIsBuiltOfARowIsOfItsKindAndHasItsBytes) {
  const SharedMatrix keys = random_matrix(300, 8, 1);
  const SharedMatrix queries = random_matrix(4, 8, 2);
  const std::vector links{
      make_exact_topk_cpu()->find(random_matrix(300, 8, 3).view, keys.view, 10, Metric::inner_product)};
  const BuildInputs inputs{.keys = test::checked(keys), .links = links, .calibration = queries.view};
  for (const IndexKind& kind : index_kinds()) {
    if (!kind.available) continue;
    const auto index = kind.build(inputs, nullptr);
    EXPECT_EQ(index->kind(), kind.name);
    EXPECT_EQ(&kind_of(*index), &kind);
    if (kind.bytes == nullptr) continue;
    EXPECT_EQ(kind.bytes(300, 8, Metric::inner_product, inputs.params), index->memory().total()) << kind.name;
  }
}

TEST(Registry, RowsThatDoNotFitAreNotAdded) {
  const std::size_t before = index_kinds().size();
  IndexKind kind = *find_kind("flat");
  expect_error(ErrorCode::invalid_argument, "IndexKind::name is \"flat\"", [&] { add_index_kind(kind); });
  kind.name = "sixteen_letters_";
  expect_error(ErrorCode::invalid_argument, "IndexKind::name", [&] { add_index_kind(kind); });
  kind.name = "other";
  expect_error(ErrorCode::invalid_argument, "IndexKind::head_kind is 1, allowed is 0 or the next, 4",
               [&] { add_index_kind(kind); });
  kind.head_kind = 0;
  kind.growth = nullptr;
  expect_error(ErrorCode::invalid_argument, "growth", [&] { add_index_kind(kind); });
  kind.build = nullptr;
  expect_error(ErrorCode::invalid_argument, "IndexKind::build", [&] { add_index_kind(kind); });
  EXPECT_EQ(index_kinds().size(), before);
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
