#include "datasets/synthetic.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include "core/half.h"
#include "rattan/evaluate.h"
#include "tests/support/errors.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan::datasets {
namespace {

KvGroup make(std::string_view spec, std::size_t head = 0, Executor* executor = nullptr) {
  return make_synthetic(parse_synthetic(spec), head, executor);
}

bool same_bytes(const SharedMatrix& a, const SharedMatrix& b) {
  return a.view.rows == b.view.rows && a.view.row_bytes() == b.view.row_bytes() &&
         std::memcmp(a.view.data, b.view.data, a.view.rows * a.view.row_bytes()) == 0;
}

bool same_bytes(const KvGroup& a, const KvGroup& b) {
  const auto queries = [](const auto& x, const auto& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(),
                      [](const SharedMatrix& s, const SharedMatrix& t) { return same_bytes(s, t); });
  };
  return same_bytes(a.keys, b.keys) && same_bytes(a.values, b.values) &&
         queries(a.prefill_queries, b.prefill_queries) && queries(a.decode_queries, b.decode_queries);
}

void expect_finite(const SharedMatrix& matrix) {
  for (std::size_t i = 0; i < matrix.view.rows; ++i) {
    for (std::size_t c = 0; c < matrix.view.cols; ++c) {
      ASSERT_TRUE(std::isfinite(test::element(matrix.view, i, c))) << "row " << i << ", column " << c;
    }
  }
}

void expect_finite(const KvGroup& group) {
  expect_finite(group.keys);
  expect_finite(group.values);
  for (const SharedMatrix& queries : group.prefill_queries) expect_finite(queries);
  for (const SharedMatrix& queries : group.decode_queries) expect_finite(queries);
}

TEST(Synthetic, HasTheShapesOfADump) {
  const KvGroup group = make("n=1002,d=32,group=3,heads=2,decode=10,qstep=4,seed=9", 1);
  EXPECT_EQ(group.kv_head, 1);
  EXPECT_EQ(group.layer, 0);
  EXPECT_EQ(group.prefill, 1002U);
  EXPECT_EQ(group.heads(), 3U);
  EXPECT_EQ(group.dim(), 32U);
  EXPECT_DOUBLE_EQ(group.softmax_scale, 1 / std::sqrt(32.0));
  EXPECT_EQ(group.source, "synthetic n=1002,d=32,group=3,heads=2,seed=9,decode=10,qstep=4,dtype=f16,gap=1,sharpness=1");
  EXPECT_EQ(group.keys.view.rows, 1012U);
  EXPECT_EQ(group.values.view.rows, 1012U);
  ASSERT_EQ(group.prefill_positions.size(), 251U);
  EXPECT_EQ(group.prefill_positions[250], 1000);
  ASSERT_EQ(group.decode_positions.size(), 10U);
  EXPECT_EQ(group.decode_positions.front(), 1002);
  EXPECT_EQ(group.decode_positions.back(), 1011);
  ASSERT_EQ(group.prefill_queries.size(), 3U);
  for (std::size_t h = 0; h < 3; ++h) {
    EXPECT_EQ(group.prefill_queries[h].view.rows, 251U);
    EXPECT_EQ(group.decode_queries[h].view.rows, 10U);
    EXPECT_EQ(group.decode_queries[h].view.dtype, DType::f16);
  }
  expect_finite(group);
}

TEST(Synthetic, MemoryOutlivesTheGroup) {
  SharedMatrix keys;
  { keys = make("n=300,decode=4,heads=1").keys; }
  expect_finite(keys);
}

TEST(Synthetic, TheSameBytesForAnyNumberOfThreads) {
  const std::string spec = "n=1500,d=64,heads=1,decode=100,seed=4";
  const KvGroup serial = make(spec, 0, &serial_executor());
  for (const unsigned threads : {2U, 5U}) {
    const auto executor = make_openmp_executor(threads);
    EXPECT_TRUE(same_bytes(serial, make(spec, 0, executor.get()))) << threads;
  }
}

TEST(Synthetic, HeadsAndSeedsAreIndependent) {
  const KvGroup alone = make("n=500,d=16,heads=1,decode=10");
  EXPECT_TRUE(same_bytes(alone, make("n=500,d=16,heads=3,decode=10", 0)));
  EXPECT_FALSE(same_bytes(alone.keys, make("n=500,d=16,heads=3,decode=10", 1).keys));
  EXPECT_FALSE(same_bytes(alone.keys, make("n=500,d=16,heads=1,decode=10,seed=2").keys));
}

TEST(Synthetic, KeptRowsDoNotChangeWhatTheyHold) {
  const KvGroup every = make("n=500,d=16,heads=1,decode=40,qstep=1");
  const KvGroup fourth = make("n=500,d=16,heads=1,decode=10,qstep=4");
  EXPECT_EQ(std::memcmp(every.keys.view.data, fourth.keys.view.data, 510 * 32), 0);
  EXPECT_EQ(std::memcmp(every.values.view.data, fourth.values.view.data, 510 * 32), 0);
  EXPECT_EQ(std::memcmp(every.decode_queries[3].view.data, fourth.decode_queries[3].view.data, 10 * 32), 0);
  for (std::size_t i = 0; i < 125; ++i) {
    EXPECT_EQ(std::memcmp(every.prefill_queries[2].view.row(4 * i), fourth.prefill_queries[2].view.row(i), 32), 0);
  }
}

TEST(Synthetic, HalvesAreRoundedFromTheSameNumbers) {
  const std::string spec = "n=200,d=16,heads=1,decode=5,dtype=";
  const KvGroup exact = make(spec + "f32"), f16 = make(spec + "f16"), bf16 = make(spec + "bf16");
  for (std::size_t i = 0; i < 205; ++i) {
    for (std::size_t c = 0; c < 16; ++c) {
      const auto x = static_cast<float>(test::element(exact.keys.view, i, c));
      ASSERT_EQ(test::element(f16.keys.view, i, c), from_f16(to_f16(x)));
      ASSERT_EQ(test::element(bf16.keys.view, i, c), from_bf16(to_bf16(x)));
    }
  }
}

TEST(Synthetic, SmallestShapes) {
  for (const char* spec :
       {"n=1,d=2,group=1,heads=1,decode=0", "n=1,d=2,group=8,heads=1,decode=1", "n=1,d=128,heads=1,decode=3",
        "n=64,d=2,heads=1,decode=4", "n=65,d=4,heads=1,decode=4", "n=100,d=6,group=2,heads=1,decode=4,qstep=1000",
        "n=100,d=10,heads=1,decode=0", "n=80,d=256,heads=1,decode=2", "n=200,d=34,heads=1,decode=2,sharpness=0",
        "n=200,d=34,heads=1,decode=2,sharpness=10,gap=0.1"}) {
    SCOPED_TRACE(spec);
    expect_finite(make(spec));
  }
  EXPECT_EQ(make("n=100,d=6,heads=1,decode=4,qstep=1000").prefill_positions.size(), 1U);
}

TEST(Synthetic, RefusesHeadsItDoesNotHave) {
  test::expect_error(ErrorCode::invalid_argument, "head is 2", [] { make("n=10,d=4,heads=2", 2); });
  SyntheticParams params;
  params.dim = 5;
  test::expect_error(ErrorCode::invalid_argument, "d is 5", [&] { make_synthetic(params, 0); });
}

std::vector<HeadStatistics> statistics(const KvGroup& group, std::size_t every) {
  std::vector<std::int64_t> positions;
  for (std::size_t i = 0; i < group.decode_positions.size(); i += every) positions.push_back(group.decode_positions[i]);
  std::vector<HeadStatistics> all;
  for (const SharedMatrix& queries : group.decode_queries) {
    all.push_back(
        head_statistics(queries.view.every(every), group.keys.view, positions, 128, 512, group.softmax_scale));
  }
  return all;
}

double mean(const std::vector<HeadStatistics>& all, double HeadStatistics::*field) {
  double sum = 0;
  for (const HeadStatistics& head : all) sum += head.*field;
  return sum / static_cast<double>(all.size());
}

// Bands around what heads of several seeds show at this size (synthetic.h has the figures of larger ones).
TEST(Synthetic, StatisticsStayInTheirBands) {
  for (const int seed : {1, 2, 3, 4, 5}) {
    SCOPED_TRACE(seed);
    const auto all = statistics(make("n=8192,heads=1,decode=64,seed=" + std::to_string(seed)), 2);
    for (const HeadStatistics& head : all) {
      EXPECT_GT(head.far_mass, 0.01);
      EXPECT_LT(head.far_mass, 0.9);
      EXPECT_GT(head.top100, 0.3);
      EXPECT_LT(head.top100, 0.97);
      EXPECT_GT(head.n90, 10);
      EXPECT_LT(head.n90, 3500);
      EXPECT_GT(head.mahalanobis_queries, 3 * head.mahalanobis_keys);
      EXPECT_LT(head.mahalanobis_queries, 10 * head.mahalanobis_keys);
      EXPECT_NEAR(head.mahalanobis_keys, std::sqrt(128.0), 0.8);
      EXPECT_LT(head.mean_cosine, 0.05);
      EXPECT_GT(head.mean_cosine, -0.75);
      EXPECT_NEAR(head.query_norm, 13, 1);
      EXPECT_NEAR(head.key_norm, 25, 3);
    }
    const double ratio = mean(all, &HeadStatistics::mahalanobis_queries) / mean(all, &HeadStatistics::mahalanobis_keys);
    EXPECT_GT(ratio, 4);
    EXPECT_LT(ratio, 8);
  }
}

TEST(Synthetic, TheGapDialMovesTheDistance) {
  const auto near = statistics(make("n=8192,heads=1,decode=32,gap=0.5"), 1);
  const auto plain = statistics(make("n=8192,heads=1,decode=32"), 1);
  const auto far = statistics(make("n=8192,heads=1,decode=32,gap=2"), 1);
  for (std::size_t h = 0; h < 4; ++h) {
    EXPECT_LT(near[h].mahalanobis_queries, 0.9 * plain[h].mahalanobis_queries);
    EXPECT_GT(far[h].mahalanobis_queries, 1.1 * plain[h].mahalanobis_queries);
    EXPECT_NEAR(near[h].top100, far[h].top100, 0.05);
  }
}

TEST(Synthetic, TheSharpnessDialMovesTheBest100) {
  double last = 0;
  for (const char* sharpness : {"0", "0.5", "1", "2"}) {
    const double top100 = mean(statistics(make(std::string("n=8192,heads=1,decode=32,sharpness=") + sharpness), 1),
                               &HeadStatistics::top100);
    EXPECT_GT(top100, last + 0.1) << sharpness;
    last = top100;
  }
}

// The best far keys of some decode rows, and of prefill rows, at n = 8192.
struct Retrieval {
  KvGroup group = make("n=8192,heads=1,decode=128,seed=6");
  MatrixView keys = group.keys.view.slice(128, 8192 - 128 - 512);

  std::set<KeyId> best(const MatrixView& queries, std::size_t row) const {
    const NeighborTable found = test::reference_topk(queries.slice(row, 1), keys, 100);
    return {found.ids(0).begin(), found.ids(0).end()};
  }

  std::vector<std::size_t> nearest_prefill(std::size_t decode_row, std::size_t count) const {
    const MatrixView& prefill = group.prefill_queries[0].view;
    const NeighborTable found = test::reference_topk(group.decode_queries[0].view.slice(decode_row, 1), prefill,
                                                     static_cast<std::uint32_t>(count), Metric::l2);
    return {found.ids(0).begin(), found.ids(0).end()};
  }
};

double overlap(const std::set<KeyId>& a, const std::set<KeyId>& b) {
  return static_cast<double>(std::count_if(a.begin(), a.end(), [&](KeyId id) { return b.contains(id); })) /
         static_cast<double>(a.size());
}

// What makes an index built from prefill queries work: lists of the nearest prefill queries cover much of what a decode
// query wants, far more than lists of arbitrary prefill queries, but no single one does.
TEST(Synthetic, PrefillQueriesTellWhatDecodeQueriesWant) {
  const Retrieval retrieval;
  double near = 0, any = 0, single = 0;
  for (std::size_t row = 0; row < 128; row += 16) {
    const auto wanted = retrieval.best(retrieval.group.decode_queries[0].view, row);
    std::set<KeyId> near_keys, any_keys;
    for (const std::size_t prefill : retrieval.nearest_prefill(row, 10)) {
      const auto keys = retrieval.best(retrieval.group.prefill_queries[0].view, prefill);
      if (near_keys.empty()) single += overlap(wanted, keys) / 8;
      near_keys.insert(keys.begin(), keys.end());
    }
    for (std::size_t i = 0; i < 10; ++i) {
      const auto keys = retrieval.best(retrieval.group.prefill_queries[0].view, (row * 31 + i * 199) % 2048);
      any_keys.insert(keys.begin(), keys.end());
    }
    near += overlap(wanted, near_keys) / 8;
    any += overlap(wanted, any_keys) / 8;
  }
  EXPECT_GT(near, 0.35);
  EXPECT_LT(near, 0.95);
  EXPECT_GT(near, any + 0.1);
  EXPECT_LT(single, 0.6);
}

TEST(Synthetic, NeighbouringStepsShareSomeOfTheirBestKeys) {
  const Retrieval retrieval;
  double shared = 0;
  for (std::size_t row = 0; row < 120; row += 10) {
    const MatrixView& queries = retrieval.group.decode_queries[0].view;
    shared += overlap(retrieval.best(queries, row), retrieval.best(queries, row + 1)) / 12;
  }
  EXPECT_GT(shared, 0.1);
  EXPECT_LT(shared, 0.7);
}

}  // namespace
}  // namespace rattan::datasets
