#include "index/scan_groups.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <vector>

#include "tests/support/matrices.h"

namespace rattan {
namespace {

struct Seen {
  std::vector<KeyId> keys;
  std::vector<TopK> found;
};

// Writes down what it is asked to scan. Finds the first and the last key.
struct Recorder {
  IdRange all;

  IdRange range() const { return all; }
  void prepare(MatrixView group, Seen& seen) const {
    seen.keys.clear();
    seen.found.assign(group.rows, TopK(2));
  }
  void pass(IdRange range, Seen& seen) const {
    for (KeyId key = range.begin; key < range.end; ++key) seen.keys.push_back(key);
  }
  void merge(const Seen& from, Seen& into) const {
    into.keys.insert(into.keys.end(), from.keys.begin(), from.keys.end());
  }
  SearchStats finish(Seen& seen) const {
    std::sort(seen.keys.begin(), seen.keys.end());
    seen.found.front().push(2.0F, seen.keys.front());
    seen.found.front().push(1.0F, seen.keys.back());
    SearchStats stats;
    stats.keys_scored = seen.keys.size();
    stats.nodes_expanded = seen.keys.back() + 1 - seen.keys.front();
    return stats;
  }
};

TEST(SearchByScan, EveryGroupSeesEveryKeyOfTheRangeOnceForAnyNumberOfWorkers) {
  const SharedMatrix queries = test::random_matrix(6, 3, 1);
  for (const unsigned workers : {1U, 2U, 5U}) {
    const auto executor = make_openmp_executor(workers);
    for (const std::uint32_t group : {1U, 2U, 3U, 6U}) {
      for (const IdRange range : {IdRange{0, 10000}, IdRange{7, 8}, IdRange{4095, 9001}}) {
        SearchParams params;
        params.group = group;
        params.executor = executor.get();
        NeighborTable table(6, 2);
        table.stats.resize(6 / group);
        Pool<Seen> pool;
        search_by_scan(Recorder{range}, queries.view, params, table, pool);
        for (std::size_t i = 0; i < 6 / group; ++i) {
          EXPECT_EQ(table.stats[i].keys_scored, range.end - range.begin);
          EXPECT_EQ(table.stats[i].nodes_expanded, range.end - range.begin);
          EXPECT_EQ(table.ids(i * group)[0], range.begin);
          EXPECT_EQ(table.ids(i * group)[1], range.end - 1);
        }
      }
    }
  }
}

TEST(SearchByScan, AnEmptyRangeFindsNothing) {
  const SharedMatrix queries = test::random_matrix(1, 3, 1);
  const auto executor = make_openmp_executor(2);
  SearchParams params;
  params.executor = executor.get();
  NeighborTable table(1, 2);
  table.stats.resize(1);
  Pool<Seen> pool;
  search_by_scan(Recorder{{5, 5}}, queries.view, params, table, pool);
  EXPECT_EQ(table.count(0), 0U);
  EXPECT_EQ(table.stats[0].keys_scored, 0U);
}

TEST(ScannedRange, IsCutToTheKeysThereAre) {
  SearchParams params;
  params.candidate_range = {10, 90};
  EXPECT_EQ(scanned_range(params, 100).begin, 10U);
  EXPECT_EQ(scanned_range(params, 100).end, 90U);
  EXPECT_EQ(scanned_range(params, 50).end, 50U);
  EXPECT_EQ(scanned_range(params, 5).begin, 5U);
  EXPECT_EQ(scanned_range(params, 5).end, 5U);
}

}  // namespace
}  // namespace rattan
