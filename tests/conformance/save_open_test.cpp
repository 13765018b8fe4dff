// open(save(x)) searches identically, over the same keys only.
#include <gtest/gtest.h>

#include "kinds.h"
#include "tests/support/errors.h"
#include "tests/support/files.h"
#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

constexpr std::size_t dim = 14;

class SaveOpen : public EveryKind {
 protected:
  TempDirectory directory_;
  std::filesystem::path path_ = directory_ / "saved";
};

TEST_P(SaveOpen, AnOpenedIndexSearchesAsTheSavedOneDid) {
  const SharedMatrix queries = random_matrix(8, dim, 2);
  for (const std::size_t rows : {0U, 1U, 2U, 500U}) {
    for (const DType dtype : all_dtypes) {
      for (const Metric metric : all_metrics) {
        const SharedMatrix keys = random_matrix(rows, dim, 1, dtype);
        const auto built = build(keys, metric);
        built->save(path_);
        const auto opened = open_index(path_, keys);
        EXPECT_EQ(opened->kind(), GetParam().name);
        EXPECT_EQ(opened->metric(), metric);
        EXPECT_EQ(opened->describe(), built->describe());
        EXPECT_EQ(opened->memory().parts, built->memory().parts);
        SearchParams params;
        params.k = 10;
        params.group = 4;
        const NeighborTable expected = built->search(queries.view, params);
        const NeighborTable found = opened->search(queries.view, params);
        EXPECT_EQ(found, expected);
        for (std::size_t group = 0; group < found.stats.size(); ++group) {
          EXPECT_EQ(found.stats[group].keys_scored, expected.stats[group].keys_scored);
          EXPECT_EQ(found.stats[group].bytes_read, expected.stats[group].bytes_read);
        }
      }
    }
  }
}

TEST_P(SaveOpen, SavingWhatWasOpenedGivesTheSameBytes) {
  const SharedMatrix keys = random_matrix(300, dim, 1, DType::f16);
  build(keys)->save(path_);
  open_index(path_, keys)->save(directory_ / "again");
  EXPECT_EQ(read_file(path_), read_file(directory_ / "again"));
}

// FAULTS A14.
TEST_P(SaveOpen, A14_OtherKeysAreRefused) {
  const SharedMatrix keys = random_matrix(100, dim, 1, DType::f16);
  build(keys)->save(path_);
  const auto expect_other = [&](const SharedMatrix& other, std::string_view part) {
    expect_error(ErrorCode::invalid_argument, part, [&] { open_index(path_, other); });
  };
  expect_other(random_matrix(101, dim, 1, DType::f16), "rows");
  expect_other(random_matrix(100, dim + 1, 1, DType::f16), "dim");
  expect_other(random_matrix(100, dim, 1, DType::bf16), "dtype");
  const SharedMatrix changed = random_matrix(100, dim, 1, DType::f16);
  set_element(changed, 57, 3, 0.25F);
  expect_other(changed, "fingerprint");
  EXPECT_NO_THROW(open_index(path_, random_matrix(100, dim, 1, DType::f16, dim + 2)));
}

TEST_P(SaveOpen, AMissingFolderIsAnIoErrorAndTheOldFileStays) {
  const SharedMatrix keys = random_matrix(60, dim, 1);
  const auto index = build(keys);
  index->save(path_);
  const std::string before = read_file(path_);
  EXPECT_THROW(index->save(directory_ / "no_such_folder" / "saved"), Error);
  EXPECT_EQ(read_file(path_), before);
}

RATTAN_FOR_EVERY_KIND(SaveOpen);

}  // namespace
}  // namespace rattan::test
