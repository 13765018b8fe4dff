#include "bench/measure/sweep.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "datasets/synthetic.h"
#include "tests/bench/groups.h"
#include "tests/support/errors.h"

namespace rattan::bench {
namespace {

std::vector<HeadSource> two_heads() {
  std::vector<HeadSource> heads;
  for (const int head : {0, 1}) heads.push_back({"made", 3, head, [] { return test::small_group(800, 16); }});
  return heads;
}

SweepOptions small_options(const char* list) {
  SweepOptions options;
  for (const Variant& variant : parse_variants(list)) {
    if (is_available(variant)) options.variants.push_back(variant);
  }
  options.targets = {0.9, 0.99};
  options.problem = {.k = 10, .sinks = 8, .recent = 40, .queries = 8};
  options.quality_steps = 2;
  options.latency_steps = 2;
  options.threads = 1;
  return options;
}

TEST(Sweep, ARowPerIndexHeadAndTargetThenTheMeans) {
  SweepOptions options = small_options("flat,graph");
  options.ood = true;
  Progress progress;
  const ReportData data = run_sweep(two_heads(), options, progress);
  ASSERT_EQ(data.rows.size(), 2 * 2 * 2 + 2 * 2U);
  EXPECT_EQ(data.ood.size(), 2U);
  const SweepRow& flat = data.rows.front();
  EXPECT_EQ(flat.index, "flat");
  EXPECT_EQ(flat.source, "made (random)");
  EXPECT_EQ(flat.keys, 752U);
  EXPECT_TRUE(flat.reached);
  EXPECT_DOUBLE_EQ(flat.recall, 1);
  EXPECT_DOUBLE_EQ(flat.scan_fraction, 0.5) << "two heads share one pass";
  EXPECT_GT(flat.us_p50, 0);
  EXPECT_EQ(flat.setting, "exact");
}

TEST(Sweep, EveryReachedRowReachesItsTarget) {
  Progress progress;
  const ReportData data =
      run_sweep(two_heads(), small_options("ivf,ivf:group,hnsw,graph,graph:nostart,graph:single"), progress);
  for (const SweepRow& row : data.rows) {
    if (row.scope != "head") continue;
    EXPECT_EQ(row.reached, row.recall >= row.target) << row.index;
    EXPECT_GT(row.keys_per_query, 0) << row.index;
    EXPECT_NEAR(row.scan_group, 2 * row.scan_fraction, 1e-9) << row.index;
    EXPECT_GE(row.mass, 0);
    EXPECT_LE(row.mass, 1);
    EXPECT_FALSE(row.run.commit.empty());
    const auto on_curve = [&](const CurvePoint& point) {
      return point.index == row.index && point.kv_head == row.kv_head && point.recall == row.recall &&
             point.scan_fraction == row.scan_fraction;
    };
    EXPECT_TRUE(std::any_of(data.points.begin(), data.points.end(), on_curve)) << row.index;
  }
}

// HNSW was searched at half of all keys for a quarter of an hour, recall after recall, before its first row.
TEST(Sweep, WhatIsOutOfReachIsGivenUpForAFewPassesOverTheKeys) {
  SweepOptions options = small_options("hnsw");
  if (options.variants.empty()) GTEST_SKIP() << "this build has no hnswlib";
  options.latency_steps = 0;
  options.targets = {0.9999, 1};
  options.problem.k = 100;
  datasets::SyntheticParams params = datasets::parse_synthetic("n=8192,d=64,group=2,heads=1,seed=3,decode=64");
  Progress progress;
  const ReportData data =
      run_sweep({{"synthetic", 0, 0, [&] { return datasets::make_synthetic(params, 0, nullptr); }}}, options, progress);
  double passes = 0;  // over all keys, by each query
  for (const CurvePoint& point : data.points) passes += point.scan_fraction;
  EXPECT_LE(passes, 2) << "widths double up to half of the keys";
  for (const SweepRow& row : data.rows) {
    if (row.scope != "head") continue;
    EXPECT_FALSE(row.reached);
    EXPECT_NE(row.setting.find(", given up at beam "), std::string::npos) << row.setting;
    EXPECT_GT(row.recall, 0);
  }
}

TEST(Sweep, TheResultDoesNotDependOnThreads) {
  SweepOptions options = small_options("ivf,graph,graph:single");
  options.latency_steps = 0;
  Progress progress;
  const ReportData one = run_sweep(two_heads(), options, progress);
  options.threads = 3;
  const ReportData three = run_sweep(two_heads(), options, progress);
  EXPECT_EQ(one.points, three.points);
}

// FAULTS C4, D4
TEST(Sweep, TinyAndEqualKeysAreRightAnswers) {
  const auto one_key = [] { return test::small_group(1, 4); };
  const auto equal_keys = [] {
    datasets::KvGroup group = test::small_group(200, 4);
    for (std::size_t row = 1; row < 204; ++row) {
      for (std::size_t c = 0; c < 16; ++c) {
        test::set_element(group.keys, row, c, static_cast<float>(test::element(group.keys.view, 0, c)));
      }
    }
    return group;
  };
  SweepOptions options = small_options("flat,graph,graph:single");
  options.latency_steps = 1;
  Progress progress;
  const ReportData data = run_sweep({{"one", 0, 0, one_key}, {"equal", 0, 0, equal_keys}}, options, progress);
  for (const SweepRow& row : data.rows) EXPECT_DOUBLE_EQ(row.recall, 1) << row.source << " " << row.index;
}

// FAULTS D1
TEST(Sweep, KeysThatAreNoNumbersAreRefusedNamingTheHead) {
  const auto with_nan = [] {
    datasets::KvGroup group = test::small_group(200, 4);
    test::set_element(group.keys, 150, 3, std::numeric_limits<float>::quiet_NaN());
    return group;
  };
  Progress progress;
  test::expect_error(ErrorCode::invalid_argument, "made, layer 3, KV head 1: ", [&] {
    run_sweep({{"made", 3, 1, with_nan}}, small_options("flat"), progress);
  });
}

TEST(Sweep, UntimedRowsSaySo) {
  SweepOptions options = small_options("flat");
  options.latency_steps = 0;
  options.quality_steps = 0;
  Progress progress;
  const ReportData data = run_sweep(two_heads(), options, progress);
  EXPECT_TRUE(std::isnan(data.rows.front().us_p50));
  EXPECT_TRUE(std::isnan(data.rows.front().mass));
}

}  // namespace
}  // namespace rattan::bench
