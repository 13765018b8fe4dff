#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/random.h"
#include "rattan/evaluate.h"
#include "tests/support/errors.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan {
namespace {

constexpr std::size_t n = 700;
constexpr std::size_t dim = 19;
constexpr IdRange indexed{40, 560};
constexpr double scale = 0.3;

struct Problem {
  SharedMatrix queries, keys, values;
  std::vector<std::int64_t> positions;
  NeighborTable found;
};

// Positions before, within and after the indexed range; each row finds up to 20 of the indexed keys it may see.
Problem make_problem(DType dtype) {
  Problem p{test::random_matrix(37, dim, 1, dtype),
            test::random_matrix(n, dim, 2, dtype, 23),
            test::random_matrix(n, 11, 3, dtype, 13),
            {},
            NeighborTable(37, 20)};
  for (std::size_t i = 0; i < 37; ++i) p.positions.push_back(static_cast<std::int64_t>(i * 19 + 15));
  for (std::size_t i = 0; i < 37; ++i) {
    const std::int64_t visible = std::min<std::int64_t>(p.positions[i] + 1, indexed.end) - indexed.begin;
    for (std::int64_t j = 0; j < std::min<std::int64_t>(visible, 20); ++j) {
      p.found.ids(i)[static_cast<std::size_t>(j)] =
          static_cast<KeyId>(j * visible / 20 + (visible < 20 ? j - j * visible / 20 : 0));
    }
  }
  return p;
}

AttentionQuality quality_of(const Problem& p, Executor* executor = nullptr) {
  return attention_quality(p.queries.view, p.keys.view, p.values.view, p.positions, indexed, scale, p.found, executor);
}

std::vector<KeyId> range(std::size_t begin, std::size_t end) {
  std::vector<KeyId> ids;
  for (std::size_t id = begin; id < end; ++id) ids.push_back(static_cast<KeyId>(id));
  return ids;
}

double norm_of_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(sum);
}

TEST(AttentionQuality, MatchesAPlainDoubleReference) {
  for (const DType dtype : test::all_dtypes) {
    const Problem p = make_problem(dtype);
    const AttentionQuality quality = quality_of(p);
    ASSERT_EQ(quality.mass.size(), 37U);
    ASSERT_EQ(quality.output_error.size(), 37U);
    for (std::size_t i = 0; i < 37; ++i) {
      const auto position = static_cast<std::size_t>(p.positions[i]);
      const auto all = range(0, position + 1);
      const auto in_index = range(indexed.begin, std::min<std::size_t>(indexed.end, position + 1));
      std::vector<KeyId> found_ids;
      for (std::size_t j = 0; j < p.found.count(i); ++j) found_ids.push_back(p.found.ids(i)[j] + indexed.begin);
      std::vector<KeyId> approximate = found_ids;
      for (const KeyId id : all) {
        if (!indexed.contains(id)) approximate.push_back(id);
      }
      const auto lse = [&](const std::vector<KeyId>& ids) {
        return test::reference_attention(p.queries.view, i, p.keys.view, p.values.view, ids, scale).lse;
      };
      const double mass = in_index.empty() ? 1.0 : std::exp(lse(found_ids) - lse(in_index));
      EXPECT_NEAR(quality.mass[i], mass, 1e-10) << "row " << i;

      const auto exact = test::reference_attention(p.queries.view, i, p.keys.view, p.values.view, all, scale).output;
      const auto other =
          test::reference_attention(p.queries.view, i, p.keys.view, p.values.view, approximate, scale).output;
      const double norm = norm_of_difference(exact, std::vector<double>(exact.size()));
      EXPECT_NEAR(quality.output_error[i], norm_of_difference(exact, other) / norm, 1e-9) << "row " << i;
    }
  }
}

TEST(AttentionQuality, AllIndexedKeysFoundIsExact) {
  Problem p = make_problem(DType::f32);
  p.found = NeighborTable(37, 520);
  for (std::size_t i = 0; i < 37; ++i) {
    p.positions[i] = static_cast<std::int64_t>(n - 1 - i);
    std::iota(p.found.ids(i).begin(), p.found.ids(i).end(), KeyId{0});
  }
  const AttentionQuality quality = quality_of(p);
  for (std::size_t i = 0; i < 37; ++i) {
    EXPECT_NEAR(quality.mass[i], 1, 1e-12);
    EXPECT_LE(quality.mass[i], 1);
    EXPECT_LT(quality.output_error[i], 1e-12);
  }
}

TEST(AttentionQuality, TheSameBitsForAnyNumberOfThreads) {
  const Problem p = make_problem(DType::f16);
  const auto serial = quality_of(p, &serial_executor());
  for (const unsigned threads : {2U, 5U}) {
    const auto executor = make_openmp_executor(threads);
    const auto parallel = quality_of(p, executor.get());
    EXPECT_EQ(serial.mass, parallel.mass);
    EXPECT_EQ(serial.output_error, parallel.output_error);
  }
}

TEST(AttentionQuality, OneExactSideServesManyTables) {
  const Problem p = make_problem(DType::bf16);
  ExactAttention first(p.queries.view, p.keys.view, p.values.view, p.positions, indexed, scale);
  const ExactAttention exact = std::move(first);
  const auto quality = exact.quality(p.found);
  EXPECT_EQ(quality.mass, quality_of(p).mass);
  EXPECT_EQ(quality.output_error, quality_of(p).output_error);
  const auto nothing = exact.quality(NeighborTable(37, 4));
  EXPECT_EQ(nothing.mass.back(), 0);
}

TEST(AttentionQuality, NothingFoundLeavesTheWindow) {  // FAULTS D10
  Problem p = make_problem(DType::f32);
  p.found = NeighborTable(37, 20);
  const auto quality = quality_of(p);
  for (std::size_t i = 0; i < 37; ++i) {
    EXPECT_EQ(quality.mass[i], p.positions[i] < 40 ? 1 : 0);
    EXPECT_TRUE(std::isfinite(quality.output_error[i]));
  }
}

TEST(AttentionQuality, NothingFoundAndNoWindowIsAnErrorOfOne) {  // FAULTS D10
  const Problem p = make_problem(DType::f32);
  const auto quality = attention_quality(p.queries.view, p.keys.view, p.values.view, p.positions, IdRange{}, scale,
                                         NeighborTable(37, 20));
  for (std::size_t i = 0; i < 37; ++i) {
    EXPECT_EQ(quality.mass[i], 0);
    EXPECT_DOUBLE_EQ(quality.output_error[i], 1);
  }
}

TEST(AttentionQuality, NothingIndexedIsExact) {
  const Problem p = make_problem(DType::f32);
  const auto quality = attention_quality(p.queries.view, p.keys.view, p.values.view, p.positions, IdRange{40, 40},
                                         scale, NeighborTable(37, 20));
  for (std::size_t i = 0; i < 37; ++i) {
    EXPECT_EQ(quality.mass[i], 1);
    EXPECT_EQ(quality.output_error[i], 0);
  }
}

TEST(AttentionQuality, HugeLogitsOfBothSigns) {  // FAULTS D9: 2.5e5 and -2.5e5
  const std::vector<float> keys{500, -500, -500.25F, 499};
  const std::vector<float> values{1, 2, 4, 8};
  for (const float sign : {1.0F, -1.0F}) {
    const SharedMatrix query = test::make_matrix(std::vector<float>{sign * 500}, 1, 1);
    NeighborTable found(1, 2);
    found.ids(0)[0] = sign > 0 ? 0 : 2;
    const std::int64_t position[] = {3};
    const auto quality = attention_quality(query.view, test::make_matrix(keys, 4, 1).view,
                                           test::make_matrix(values, 4, 1).view, position, IdRange{}, 1.0, found);
    EXPECT_DOUBLE_EQ(quality.mass[0], 1);
    EXPECT_EQ(quality.output_error[0], 0);
    found.ids(0)[0] = sign > 0 ? 3 : 1;
    const auto missed = attention_quality(query.view, test::make_matrix(keys, 4, 1).view,
                                          test::make_matrix(values, 4, 1).view, position, IdRange{}, 1.0, found);
    EXPECT_LT(missed.mass[0], 1e-50);
    EXPECT_NEAR(missed.output_error[0], sign > 0 ? 7 : 0.5, 1e-12);
  }
}

TEST(AttentionQuality, ARepeatedFoundKeyCountsOnce) {
  Problem p = make_problem(DType::f32);
  const auto before = quality_of(p).mass;
  for (std::size_t i = 0; i < 37; ++i) {
    if (p.found.count(i) < 20) continue;
    p.found.ids(i)[19] = p.found.ids(i)[0];
  }
  NeighborTable shorter(37, 19);
  for (std::size_t i = 0; i < 37; ++i) std::copy_n(p.found.ids(i).begin(), 19, shorter.ids(i).begin());
  const auto repeated = quality_of(p).mass;
  p.found = shorter;
  EXPECT_EQ(repeated, quality_of(p).mass);
}

TEST(AttentionQuality, WithoutValuesThereIsNoOutputError) {
  const Problem p = make_problem(DType::f32);
  const auto quality =
      attention_quality(p.queries.view, p.keys.view, MatrixView{}, p.positions, indexed, scale, p.found);
  EXPECT_TRUE(quality.output_error.empty());
  EXPECT_EQ(quality.mass, quality_of(p).mass);
}

TEST(AttentionQuality, ValuesOfZeroAreNoError) {
  const Problem p = make_problem(DType::f32);
  const SharedMatrix zeros = test::make_matrix(std::vector<float>(n * 3), n, 3);
  const auto quality = attention_quality(p.queries.view, p.keys.view, zeros.view, p.positions, indexed, scale, p.found);
  EXPECT_EQ(quality.output_error, std::vector<double>(37));
}

TEST(AttentionQuality, NoRows) {
  const Problem p = make_problem(DType::f32);
  const auto quality = attention_quality(p.queries.view.slice(0, 0), p.keys.view, p.values.view, {}, indexed, scale,
                                         NeighborTable(0, 20));
  EXPECT_TRUE(quality.mass.empty());
}

TEST(AttentionQuality, RefusesBadArguments) {
  const auto invalid = ErrorCode::invalid_argument;
  Problem p = make_problem(DType::f32);
  const auto check = [&](std::string_view part, const Problem& bad) {
    test::expect_error(invalid, part, [&] { quality_of(bad); });
  };
  Problem bad = p;
  bad.queries = test::random_matrix(37, dim + 1, 1);
  check("dim", bad);
  bad = p;
  bad.values.view.rows -= 1;
  check("values", bad);
  bad = p;
  bad.positions.pop_back();
  check("positions", bad);
  bad = p;
  bad.positions[3] = n;
  check("position is 700", bad);
  bad = p;
  bad.positions[3] = -1;
  check("position is -1", bad);
  bad = p;
  bad.found.ids(36)[0] = 520;
  check("found id is 520", bad);
  bad = p;
  bad.found.ids(3)[0] = 300;  // indexed, but after the row's position
  check("found id is 300", bad);
  bad = p;
  bad.found = NeighborTable(36, 20);
  check("found has 36 rows", bad);
  test::expect_error(invalid, "indexed", [&] {
    attention_quality(p.queries.view, p.keys.view, p.values.view, p.positions, IdRange{9, 8}, scale, p.found);
  });
  test::expect_error(invalid, "scale", [&] {
    attention_quality(p.queries.view, p.keys.view, p.values.view, p.positions, indexed, std::nan(""), p.found);
  });
}

TEST(AttentionQuality, RefusesNanAndInfinity) {  // FAULTS D1, D2, D11
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Problem p = make_problem(DType::f32);
    p.queries = test::random_matrix(37, dim, 1);
    test::set_element(p.queries, 5, 4, bad);
    test::expect_error(ErrorCode::invalid_argument, "queries row 5", [&] { quality_of(p); });
    p = make_problem(DType::f32);
    test::set_element(p.keys, 300, 4, bad);
    test::expect_error(ErrorCode::invalid_argument, "keys", [&] { quality_of(p); });
    p = make_problem(DType::f32);
    test::set_element(p.values, 300, 4, bad);
    test::expect_error(ErrorCode::invalid_argument, "values", [&] { quality_of(p); });
  }
}

TEST(AttentionQuality, NeverReadsBehindTheLastVisibleKey) {  // FAULTS D11
  Problem p = make_problem(DType::f32);
  for (auto& position : p.positions) position = std::min<std::int64_t>(position, 400);
  p.found = NeighborTable(37, 20);
  const auto clean = quality_of(p);
  for (std::size_t key = 401; key < n; ++key) {
    test::set_element(p.keys, key, 0, std::numeric_limits<float>::quiet_NaN());
    test::set_element(p.values, key, 0, std::numeric_limits<float>::quiet_NaN());
  }
  EXPECT_EQ(quality_of(p).output_error, clean.output_error);
}

}  // namespace
}  // namespace rattan
