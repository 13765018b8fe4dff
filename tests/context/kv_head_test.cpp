#include "context/kv_head.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "tests/context/synthetic_head.h"

namespace rattan::test {
namespace {

void append(KvHead& into, const SyntheticHead& head, std::size_t begin, std::size_t end) {
  into.append(test::checked(head.keys).slice(begin, end - begin), test::checked(head.values).slice(begin, end - begin));
}

// Sinks and ids together are the tokens' rows, byte for byte.
void expect_rows(const KvHead& grown, const SyntheticHead& head, std::size_t tokens) {
  const KvHead::View view = grown.view(tokens);
  ASSERT_EQ(view.sinks + view.keys.rows(), tokens);
  ASSERT_EQ(view.values.rows(), view.keys.rows());
  for (std::size_t id = 0; id < view.keys.rows(); ++id) {
    const std::size_t token = view.sinks + id;
    ASSERT_EQ(std::memcmp(view.keys.row(id), head.keys.view.row(token), view.keys.row_bytes()), 0) << token;
    ASSERT_EQ(std::memcmp(view.values.row(id), head.values.view.row(token), view.values.row_bytes()), 0) << token;
  }
}

// Clusters cover the ids from 0 on without a gap, and never the window.
void expect_clusters(const KvHead& grown, std::size_t tokens) {
  const KvHead::View view = grown.view(tokens);
  EXPECT_LE(view.searched, view.window);
  KeyId end = 0;
  for (const KeyClusters* clusters : view.clusters) {
    EXPECT_EQ(clusters->ids().begin, end);
    end = clusters->ids().end;
  }
  EXPECT_EQ(end, view.searched);
}

TEST(KvHead, BeginsAsThePrefill) {
  const SyntheticHead head(HeadKind::scan4, 500);
  const KvHead grown(head.prefix, head.params);
  expect_rows(grown, head, 500);
  expect_clusters(grown, 500);
  const KvHead::View view = grown.view(500);
  EXPECT_EQ(view.sinks, 8U);
  EXPECT_EQ(view.searched, 460U);
  EXPECT_EQ(view.window, 460U);
  EXPECT_EQ(view.keys.base.data, head.keys.view.row(8));
}

TEST(KvHead, ClustersOfBlocksHaveHalfAsManyKeysAsOfABuildOverAll) {
  const SyntheticHead head(HeadKind::scan4, 960, 1300);
  KvHead grown(head.prefix, head.params);
  ASSERT_EQ(head.prefix->clusters.clusters(), 16U);  // of 920 keys
  append(grown, head, 960, 1300);
  grown.seal(200, serial_executor());
  const KvHead::View view = grown.view(1300);
  ASSERT_EQ(view.clusters.size(), 2U);
  EXPECT_EQ(view.clusters[1]->clusters(), 5U);  // 2 * 200 * 16 / (920 + 200)
}

TEST(KvHead, GrowsAndCoversWhatLeavesTheWindow) {
  for (const HeadKind kind : {HeadKind::scan4, HeadKind::graph}) {
    const SyntheticHead head(kind, 500);
    KvHead grown(head.prefix, head.params);
    append(grown, head, 500, 501);
    append(grown, head, 501, 800);
    expect_rows(grown, head, 800);
    EXPECT_EQ(grown.sealable(800), 300U);
    EXPECT_EQ(grown.view(800).searched, 460U);
    grown.seal(128, serial_executor());
    EXPECT_EQ(grown.sealable(800), 172U);
    expect_clusters(grown, 800);
    grown.seal(grown.sealable(800), serial_executor());
    EXPECT_LT(grown.sealable(800), 32U);  // codes are made in segments
    expect_clusters(grown, 800);
    expect_rows(grown, head, 800);
    const HeadReport report = grown.report(800);
    EXPECT_EQ(report.kind, to_string(kind));
    EXPECT_EQ(report.base_tokens, 460U);
    EXPECT_EQ(report.base_tokens + report.sealed_tokens + report.unsealed_tokens + 8, 800U);
    EXPECT_GT(report.memory.total(), 300U * 32);
  }
}

TEST(KvHead, OlderViewsSeeNoLaterToken) {
  const SyntheticHead head(HeadKind::scan4, 500);
  KvHead grown(head.prefix, head.params);
  append(grown, head, 500, 600);
  expect_rows(grown, head, 550);
}

// As a decode does that began before the tokens came which a seal has covered since.
TEST(KvHead, OlderViewsHaveNoClustersOfTheirWindow) {
  const SyntheticHead head(HeadKind::graph, 500);
  KvHead grown(head.prefix, head.params);
  append(grown, head, 500, 800);
  grown.seal(100, serial_executor());
  grown.seal(grown.sealable(800), serial_executor());
  for (const std::size_t tokens : {799U, 700U, 600U, 550U, 501U, 500U}) expect_clusters(grown, tokens);
}

TEST(KvHead, FlatHeadsSearchNothing) {
  const SyntheticHead head(HeadKind::flat, 500);
  KvHead grown(head.prefix, head.params);
  append(grown, head, 500, 800);
  EXPECT_EQ(grown.view(800).searched, 0U);
  EXPECT_EQ(grown.sealable(800), 0U);
}

TEST(KvHead, WithoutClustersBlocksAreCovered) {
  ContextParams params = head_params(HeadKind::graph);
  params.clusters = 0;
  const SyntheticHead head(params, 500);
  KvHead grown(head.prefix, head.params);
  append(grown, head, 500, 800);
  EXPECT_EQ(grown.view(800).searched, 460U);
  grown.seal(grown.sealable(800), serial_executor());
  EXPECT_EQ(grown.view(800).searched, 760U);
  EXPECT_TRUE(grown.view(800).clusters.empty());
  grown.truncate(770);
  EXPECT_EQ(grown.view(770).searched, 730U);
}

// Every place where a truncation can fall, and growth after it.
TEST(KvHead, TruncationAndGrowthAreAnotherHistory) {
  const SyntheticHead head(HeadKind::graph, 500);
  for (const std::size_t tokens : {899U, 850U, 760U, 700U, 620U, 510U, 500U, 499U, 470U, 300U, 50U, 8U, 3U, 0U}) {
    KvHead grown(head.prefix, head.params);
    append(grown, head, 500, 900);
    grown.seal(150, serial_executor());
    grown.seal(grown.sealable(900), serial_executor());
    grown.truncate(tokens);
    expect_rows(grown, head, tokens);
    expect_clusters(grown, tokens);
    append(grown, head, tokens, 900);
    expect_rows(grown, head, 900);
    expect_clusters(grown, 900);
    grown.seal(grown.sealable(900), serial_executor());
    expect_clusters(grown, 900);
    EXPECT_LT(grown.sealable(900), 32U) << tokens;
    grown.truncate(tokens / 2);
    expect_rows(grown, head, tokens / 2);
    expect_clusters(grown, tokens / 2);
  }
}

// Segments that are sealed one by one are merged by the queries that were kept, and decode as they did.
TEST(KvHead, ManySegmentsBecomeFew) {
  const SyntheticHead head(HeadKind::graph, 500);
  KvHead grown(head.prefix, head.params);
  for (std::size_t tokens = 500; tokens < 980; tokens += 32) {
    const std::vector<MatrixView> asked{head.queries[0].view.slice(tokens, 32), head.queries[1].view.slice(tokens, 32)};
    std::vector<std::int64_t> positions(32);
    std::iota(positions.begin(), positions.end(), static_cast<std::int64_t>(tokens));
    append(grown, head, tokens, tokens + 32);
    grown.keep_evidence({asked, positions});
    grown.seal(grown.sealable(tokens + 32), serial_executor());
    expect_rows(grown, head, tokens + 32);
    expect_clusters(grown, tokens + 32);
    EXPECT_LE(grown.view(tokens + 32).clusters.size(), 6U) << tokens;
    EXPECT_LT(grown.sealable(tokens + 32), 32U);
  }
}

TEST(KvHead, HoldsWhatItsMemorySays) {
  for (const HeadKind kind : {HeadKind::flat, HeadKind::scan4, HeadKind::graph}) {
    const SyntheticHead head(kind, 500);
    KvHead grown(head.prefix, head.params);
    const auto expect_same = [&](std::size_t tokens) {
      EXPECT_EQ(grown.held_bytes() + grown.recent_query_bytes(), grown.memory(tokens).total()) << tokens;
      EXPECT_EQ(grown.report(tokens).memory.total(), grown.memory(tokens).total());
    };
    expect_same(500);
    append(grown, head, 500, 900);
    grown.keep_queries(test::checked(head.queries[0]).slice(0, 10));
    expect_same(900);
    while (grown.sealable(900) >= 32) {
      const std::size_t count = std::min<std::size_t>(grown.sealable(900), 250);
      const std::size_t before = grown.held_bytes();
      const std::size_t most = grown.segment_bytes(count);
      grown.seal(count, serial_executor());
      EXPECT_GT(grown.held_bytes(), before);
      EXPECT_LE(grown.held_bytes(), before + most);
      expect_same(900);
    }
    const std::size_t prefix = head.prefix->index->memory().total() + head.prefix->clusters.bytes();
    for (const std::size_t tokens : {700U, 300U, 3U}) {
      grown.truncate(tokens);
      expect_same(tokens);
      EXPECT_GE(grown.held_bytes(), prefix);  // the cut clusters beside the prefix's
    }
    EXPECT_EQ(grown.segment_bytes(0), 0U);
  }
}

TEST(KvHead, SharesItsPrefix) {
  const SyntheticHead head(HeadKind::graph, 500);
  KvHead a(head.prefix, head.params);
  const KvHead b(a.shared_prefix(), head.params);
  append(a, head, 500, 600);
  a.truncate(200);
  expect_rows(b, head, 500);
  expect_clusters(b, 500);
  EXPECT_EQ(b.view(500).searched, 460U);
}

}  // namespace
}  // namespace rattan::test
