// Recall and keys read of the graph, held in a band around checked-in figures on both sides: a silent gain must show as
// well as a loss. After a change that means to move them, run this test, check that the move is the one meant, and put
// the measured rows it prints in place of the old ones.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "datasets/qkv_dump.h"
#include "datasets/synthetic.h"
#include "tests/golden/head_runs.h"
#include "tests/support/files.h"

namespace rattan::test {
namespace {

// Kernels of all ISAs gave the same figures to the digits shown; the rest is for other libraries and compilers.
constexpr double recall_band = 0.004;
constexpr double keys_band = 0.02;  // of the figure

struct Golden {
  Walking walking;
  std::uint32_t beam_width;
  Figures figures;
};

std::string row_of(const Golden& golden, const Figures& figures) {
  char text[120];
  std::snprintf(text, sizeof text, "{Walking::%s, %u, {%.4f, %.1f, %.1f}},", to_string(golden.walking),
                golden.beam_width, figures.recall, figures.keys_per_query, figures.codes_per_query);
  return text;
}

bool in_band(const Figures& measured, const Figures& golden) {
  return std::abs(measured.recall - golden.recall) <= recall_band &&
         std::abs(measured.keys_per_query - golden.keys_per_query) <= keys_band * golden.keys_per_query &&
         std::abs(measured.codes_per_query - golden.codes_per_query) <= keys_band * golden.codes_per_query;
}

void expect_golden(const HeadRuns& runs, const std::vector<Golden>& rows) {
  for (const Golden& golden : rows) {
    const Figures measured = runs.run(golden.walking, golden.beam_width);
    EXPECT_TRUE(in_band(measured, golden.figures))
        << "measured   " << row_of(golden, measured) << "\nchecked in " << row_of(golden, golden.figures) << "\nover "
        << runs.keys() << " keys; {recall, keys read in full and codes scored per query}";
  }
}

// Layer 3, KV head 1 of the trained 23M: 1,280 keys.
TEST(Golden, TrainedSlice) {
  const HeadRuns runs(datasets::QkvDump::open(trained_slice()).group(3, 0), {0, 64, 1, 24, 20, 64});
  expect_golden(runs, {
                          {Walking::single, 30, {0.9076, 30.5, 250.9}},
                          {Walking::single, 80, {0.9809, 80.7, 403.0}},
                          {Walking::group, 30, {0.9752, 17.8, 130.8}},
                          {Walking::group_started, 20, {0.9701, 17.6, 93.1}},
                          {Walking::group_started_keys, 20, {0.9797, 82.4, 0}},
                          {Walking::group_started, 40, {0.9881, 22.5, 114.6}},
                          {Walking::group_started_keys, 40, {0.9910, 108.7, 0}},
                      });
}

HeadRuns synthetic_runs(std::uint64_t seed) {
  datasets::SyntheticParams params;
  params.keys = 8192;
  params.dim = 64;
  params.heads = 1;
  params.seed = seed;
  params.decode = 64;
  return {datasets::make_synthetic(params, 0), {64, 256, 1, 48, 50, 64}};
}

TEST(Golden, SyntheticSeed1) {
  expect_golden(synthetic_runs(1), {
                                       {Walking::single, 75, {0.9491, 75.6, 615.6}},
                                       {Walking::group, 75, {0.9659, 55.7, 371.5}},
                                       {Walking::group_started, 50, {0.9573, 55.3, 262.1}},
                                       {Walking::group_started_keys, 50, {0.9727, 255.1, 0}},
                                       {Walking::group_started, 100, {0.9889, 73.3, 397.6}},
                                       {Walking::group_started_keys, 100, {0.9928, 384.3, 0}},
                                   });
}

TEST(Golden, SyntheticSeed2) {
  expect_golden(synthetic_runs(2), {
                                       {Walking::single, 75, {0.9433, 75.7, 645.8}},
                                       {Walking::group, 75, {0.9636, 56.3, 380.6}},
                                       {Walking::group_started, 50, {0.9561, 55.8, 279.7}},
                                       {Walking::group_started_keys, 50, {0.9695, 271.2, 0}},
                                       {Walking::group_started, 100, {0.9871, 73.7, 428.0}},
                                       {Walking::group_started_keys, 100, {0.9911, 418.3, 0}},
                                   });
}

// The dump of the shared model that the project's figures are given for, of graphs made of links alone.
class GoldenDump : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto folder = shared_dump();
    if (!folder) GTEST_SKIP() << "no dump: RATTAN_DATA is not set and ../shared/data holds none";
    dump_.emplace_back(datasets::QkvDump::open(*folder));
    const std::size_t prefill = dump_.front().group(0, 0).prefill;
    if (prefill != 65536) GTEST_SKIP() << "the dump has " << prefill << " prefill rows, the figures are for 65536";
  }
  HeadRuns runs(int layer, int kv_head) const {
    return {dump_.front().group(layer, kv_head), {128, 512, 32, 64, 100, 64, false}};
  }

  std::vector<datasets::QkvDump> dump_;  // none or one
};

TEST_F(GoldenDump, Layer1KvHead0) {
  expect_golden(runs(1, 0), {
                                {Walking::single, 200, {0.6673, 202.2, 1318.9}},
                                {Walking::group_started, 150, {0.7863, 114.8, 622.6}},
                                {Walking::group_started_keys, 150, {0.7842, 604.1, 0}},
                                {Walking::group_started, 300, {0.8902, 223.6, 1026.8}},
                                {Walking::group_started_keys, 300, {0.8888, 1006.5, 0}},
                            });
}

TEST_F(GoldenDump, Layer2KvHead0) {
  expect_golden(runs(2, 0), {
                                {Walking::single, 200, {0.6507, 201.6, 1101.8}},
                                {Walking::group_started, 150, {0.7878, 102.1, 429.5}},
                                {Walking::group_started_keys, 150, {0.7860, 416.7, 0}},
                                {Walking::group_started, 300, {0.8741, 194.3, 681.3}},
                                {Walking::group_started_keys, 300, {0.8687, 665.6, 0}},
                            });
}

}  // namespace
}  // namespace rattan::test
