// The front that all kinds share: what is checked before a kind sees a search, and what it is handed.
#include "rattan/index.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <vector>

#include "storage/container.h"
#include "tests/support/errors.h"
#include "tests/support/files.h"
#include "tests/support/matrices.h"

namespace rattan {
namespace {

using test::expect_error;
using test::random_matrix;

class Recorder final : public Index {
 public:
  explicit Recorder(SharedMatrix keys, Metric metric = Metric::inner_product)
      : Index(CheckedMatrix(std::move(keys), "keys", serial_executor()), metric) {}
  std::string_view kind() const noexcept override { return "recorder"; }
  MemoryUse memory() const override { return {{{"one", 3}, {"two", 4}}}; }
  std::string describe() const override { return ""; }

  mutable int searches = 0;
  mutable std::size_t stats_entries = 0;

 private:
  void search_checked(MatrixView, const SearchParams&, NeighborTable& table) const override {
    ++searches;
    stats_entries = table.stats.size();
    for (std::size_t row = 0; row < table.rows(); ++row) EXPECT_EQ(table.count(row), 0U);
  }
  void write_sections(ContainerWriter& writer) const override { writer.add("recorded", {std::byte{7}}); }
};

// FAULTS E3.
TEST(IndexOwners, E3_KeysLiveAsLongAsTheIndexThatHasThem) {
  std::weak_ptr<const void> owner;
  std::unique_ptr<Index> index;
  {
    const SharedMatrix keys = random_matrix(20, 4, 1);
    owner = keys.owner;
    index = build_flat(keys);
  }
  EXPECT_FALSE(owner.expired());
  SearchParams params;
  params.k = 3;
  EXPECT_EQ(index->search(random_matrix(1, 4, 2).view, params).count(0), 3U);
  index.reset();
  EXPECT_TRUE(owner.expired());
}

class IndexFront : public ::testing::Test {
 protected:
  void expect_refused(std::string_view part, const SearchParams& params = {}) {
    expect_error(ErrorCode::invalid_argument, part, [&] { index_.search(queries_.view, params); });
    EXPECT_EQ(index_.searches, 0);
  }

  Recorder index_{random_matrix(10, 6, 1)};
  SharedMatrix queries_ = random_matrix(8, 6, 2);
};

TEST_F(IndexFront, HandsOverAFilledTableWithOneStatsEntryPerGroup) {
  SearchParams params;
  params.k = 3;
  params.group = 4;
  const NeighborTable table = index_.search(queries_.view, params);
  EXPECT_EQ(table.rows(), 8U);
  EXPECT_EQ(table.k(), 3U);
  EXPECT_EQ(index_.searches, 1);
  EXPECT_EQ(index_.stats_entries, 2U);
}

// FAULTS C1, C3: nothing to do is no error, and no kind has to think of it.
TEST_F(IndexFront, C1_C3_NothingToSearchNeverReachesTheKind) {
  SearchParams params;
  params.k = 0;
  EXPECT_EQ(index_.search(queries_.view, params).k(), 0U);
  EXPECT_EQ(index_.search(queries_.view, params).stats.size(), 8U);
  EXPECT_EQ(index_.search(queries_.view.slice(0, 0)).rows(), 0U);
  EXPECT_EQ(index_.searches, 0);

  const Recorder empty(random_matrix(0, 6, 1));
  const NeighborTable table = empty.search(queries_.view);
  EXPECT_EQ(table.rows(), 8U);
  EXPECT_EQ(table.count(7), 0U);
  EXPECT_EQ(empty.searches, 0);
}

TEST_F(IndexFront, WrongDim) {
  queries_ = random_matrix(8, 5, 2);
  expect_refused("queries have dim 5, allowed is 6");
}

TEST_F(IndexFront, GroupMustDivideTheRows) {
  SearchParams params;
  params.group = 3;
  expect_refused("SearchParams::group is 3", params);
}

TEST_F(IndexFront, ParametersAreValidated) {
  SearchParams params;
  params.group = 32769;
  expect_refused("SearchParams::group is 32769", params);
  params = {};
  params.beam_width = 0;
  expect_refused("SearchParams::beam_width is 0", params);
  params = {};
  params.candidate_range = {5, 4};
  expect_refused("SearchParams::candidate_range", params);
}

TEST_F(IndexFront, SeedsMustBeKeys) {
  const std::vector<KeyId> start_keys{3, 10};
  SearchParams params;
  params.start_keys = start_keys;
  expect_refused("SearchParams::start_keys holds key 10", params);
}

// FAULTS D2.
TEST_F(IndexFront, D2_QueriesMustBeFinite) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    queries_ = random_matrix(8, 6, 2);
    test::set_element(queries_, 5, 3, bad);
    expect_refused("queries");
  }
}

// FAULTS D1.
TEST_F(IndexFront, D1_KeysMustBeFinite) {
  const SharedMatrix keys = random_matrix(10, 6, 1, DType::f16);
  test::set_element(keys, 9, 5, std::numeric_limits<float>::infinity());
  expect_error(ErrorCode::invalid_argument, "keys", [&] { Recorder index(keys); });
}

TEST_F(IndexFront, KeysAndMetricAreChecked) {
  expect_error(ErrorCode::invalid_argument, "keys.cols", [] { Recorder index(SharedMatrix{}); });
  expect_error(ErrorCode::invalid_argument, "metric",
               [] { Recorder index(random_matrix(2, 3, 1), static_cast<Metric>(2)); });
}

TEST_F(IndexFront, ReportsWhatItWasBuiltOn) {
  const Recorder index(random_matrix(10, 6, 1), Metric::l2);
  EXPECT_EQ(index.size(), 10U);
  EXPECT_EQ(index.dim(), 6U);
  EXPECT_EQ(index.metric(), Metric::l2);
  EXPECT_EQ(index.memory().total(), 7U);
  const test::TempDirectory folder;
  index.save(folder / "somewhere");
  const Container saved = Container::open(folder / "somewhere");
  EXPECT_EQ(saved.kind(), "recorder");
  EXPECT_TRUE(saved.has("identity"));
  EXPECT_TRUE(saved.has("recorded"));
}

TEST_F(IndexFront, TheOwnerOfTheKeysLivesAsLongAsTheIndex) {
  auto owner = std::make_shared<std::vector<float>>(12, 1.0F);
  std::weak_ptr<std::vector<float>> watch = owner;
  {
    const MatrixView view(owner->data(), DType::f32, 3, 4);
    const Recorder index(SharedMatrix(view, std::move(owner)));
    EXPECT_FALSE(watch.expired());
  }
  EXPECT_TRUE(watch.expired());
}

}  // namespace
}  // namespace rattan
