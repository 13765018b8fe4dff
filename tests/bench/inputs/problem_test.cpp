#include "bench/inputs/problem.h"

#include <gtest/gtest.h>

#include <cstring>

#include "core/half.h"
#include "tests/bench/groups.h"
#include "tests/support/errors.h"

namespace rattan::bench {
namespace {

using test::element;
using test::expect_error;
using test::small_group;

HeadProblem make(const datasets::KvGroup& group, const ProblemOptions& options) {
  return make_problem(group, options, *make_exact_topk_cpu(&serial_executor()));
}

double score(const HeadProblem& problem, std::size_t row, std::size_t key) {
  double sum = 0;
  for (std::size_t c = 0; c < problem.keys.view.cols; ++c) {
    sum += element(problem.queries.view, row, c) * element(problem.keys.view, key, c);
  }
  return sum;
}

TEST(Problem, TheWindowIsLeftOut) {
  const HeadProblem problem = make(small_group(), {.k = 5, .sinks = 10, .recent = 40, .queries = 8});
  EXPECT_EQ(problem.indexed, (IdRange{10, 360}));
  EXPECT_EQ(problem.keys.view.rows, 350U);
  EXPECT_EQ(problem.keys.view.data, problem.group.keys.view.row(10)) << "keys are borrowed";
  EXPECT_EQ(problem.window, "sinks 10, recent 40");
}

TEST(Problem, ASmallPrefillShrinksTheWindowAndSaysSo) {
  const HeadProblem problem = make(small_group(), {.k = 5, .sinks = 128, .recent = 512, .queries = 8});
  EXPECT_EQ(problem.indexed.begin, 20U);
  EXPECT_EQ(problem.indexed.end, 320U);
  EXPECT_NE(problem.window.find("shrunk from 128 and 512"), std::string::npos);
}

TEST(Problem, WindowFitsAQuarterOfThePrefill) {
  EXPECT_EQ(fit_window(65536, 128, 512).recent, 512U);
  EXPECT_EQ(fit_window(1, 128, 512).sinks, 0U);
  EXPECT_EQ(fit_window(1, 128, 512).recent, 0U);
  EXPECT_EQ(fit_window(2560, 128, 512).sinks, 128U);
  EXPECT_EQ(fit_window(0, 0, 0).sinks, 0U);
}

TEST(Problem, StepsHoldAllHeadsOfOnePosition) {
  const datasets::KvGroup group = small_group();
  const HeadProblem problem = make(group, {.k = 5, .sinks = 0, .recent = 0, .queries = 7});
  ASSERT_EQ(problem.steps, 7U);
  ASSERT_EQ(problem.queries.view.rows, 14U);
  for (std::size_t step = 0; step < 7; ++step) {
    for (std::size_t head = 0; head < 2; ++head) {
      EXPECT_EQ(element(problem.step(step), head, 3), element(group.decode_queries[head].view, step, 3));
      EXPECT_EQ(problem.positions[step * 2 + head], group.decode_positions[step]);
    }
  }
}

TEST(Problem, NoMoreStepsThanThereAre) { EXPECT_EQ(make(small_group(400, 3), {.k = 5, .queries = 256}).steps, 3U); }

TEST(Problem, TruthIsTheExactTopKOfTheIndexedKeys) {
  const HeadProblem problem = make(small_group(), {.k = 3, .sinks = 10, .recent = 40, .queries = 4});
  for (std::size_t row = 0; row < problem.queries.view.rows; ++row) {
    const double third = score(problem, row, problem.truth.ids(row)[2]);
    std::size_t better = 0;
    for (std::size_t key = 0; key < problem.keys.view.rows; ++key) {
      better += score(problem, row, key) > third + 1e-6 ? 1 : 0;
    }
    EXPECT_EQ(better, 2U);
  }
}

// FAULTS C4
TEST(Problem, OneKeyIsEnough) {
  const HeadProblem problem = make(small_group(1, 4), {.k = 3, .queries = 4});
  EXPECT_EQ(problem.keys.view.rows, 1U);
  EXPECT_EQ(problem.truth.count(0), 1U);
}

TEST(Problem, KeysAsChangesKeysAndValues) {
  const HeadProblem problem =
      make(small_group(), {.k = 3, .queries = 2, .keys_as = DType::bf16, .queries_as = DType::f16});
  EXPECT_EQ(problem.queries.view.dtype, DType::f16);
  EXPECT_EQ(problem.group.prefill_queries.front().view.dtype, DType::f16);
  EXPECT_EQ(problem.keys.view.dtype, DType::bf16);
  EXPECT_EQ(problem.group.values.view.dtype, DType::bf16);
}

TEST(Problem, ConvertRoundsEveryElement) {
  const SharedMatrix matrix = test::random_matrix(5, 7, 3, DType::f32, 9);
  for (const DType dtype : test::all_dtypes) {
    const SharedMatrix other = convert(matrix, dtype);
    ASSERT_EQ(other.view.dtype, dtype);
    for (std::size_t row = 0; row < 5; ++row) {
      for (std::size_t col = 0; col < 7; ++col) {
        const auto value = static_cast<float>(element(matrix.view, row, col));
        const float rounded = dtype == DType::f32   ? value
                              : dtype == DType::f16 ? from_f16(to_f16(value))
                                                    : from_bf16(to_bf16(value));
        EXPECT_EQ(element(other.view, row, col), static_cast<double>(rounded));
      }
    }
  }
}

TEST(Problem, LinksComeFromSampledPrefillQueriesOfEveryHead) {
  const HeadProblem problem = make(small_group(), {.k = 3, .sinks = 10, .recent = 40, .queries = 2});
  const auto exact = make_exact_topk_cpu(&serial_executor());
  const std::vector<NeighborTable> links = make_links(problem, {.k = 4, .query_step = 7}, *exact);
  ASSERT_EQ(links.size(), 2U);
  EXPECT_EQ(links[0].rows(), 58U);
  EXPECT_EQ(links[0].k(), 4U);
  EXPECT_EQ(make_links(problem, {.k = 4}, *exact)[0].rows(), 400U) << "few queries are all used";
}

TEST(Problem, CausalLinksLookBackOnly) {
  const HeadProblem problem = make(small_group(), {.k = 3, .sinks = 10, .recent = 40, .queries = 2});
  const auto exact = make_exact_topk_cpu(&serial_executor());
  const NeighborTable links = make_links(problem, {.k = 4, .query_step = 1, .causal = true}, *exact).front();
  EXPECT_EQ(links.count(5), 0U) << "a query inside the sinks sees no indexed key";
  for (std::size_t row = 0; row < links.rows(); ++row) {
    for (const KeyId id : links.ids(row).first(links.count(row))) EXPECT_LE(id + 10, row);
  }
}

TEST(Problem, GroupsThatCannotBeMeasuredAreNamed) {
  datasets::KvGroup group = small_group();
  group.prefill = 0;
  expect_error(ErrorCode::invalid_argument, "prefill is 0", [&] { make(group, {}); });
  group = small_group();
  group.decode_queries.clear();
  expect_error(ErrorCode::invalid_argument, "no decode query rows", [&] { make(group, {}); });
}

TEST(Problem, AnyNumberOfQueryHeadsIsMeasured) { EXPECT_EQ(make(small_group(100, 4, 9), {}).heads, 9U); }

TEST(Problem, HeadsOfAllGroupsStandStepByStep) {
  const std::vector<datasets::KvGroup> groups = {small_group(40, 9, 2), small_group(40, 9, 3)};
  const SharedMatrix steps = gather_steps(groups, 4, 3);
  ASSERT_EQ(steps.view.rows, 15U);
  EXPECT_EQ(steps.view.cols, 16U);
  for (std::size_t step = 0; step < 3; ++step) {
    for (std::size_t head = 0; head < 5; ++head) {
      const MatrixView& from = (head < 2 ? groups[0].decode_queries[head] : groups[1].decode_queries[head - 2]).view;
      EXPECT_EQ(std::memcmp(steps.view.row(step * 5 + head), from.row(4 + step), from.row_bytes()), 0);
    }
  }
}

}  // namespace
}  // namespace rattan::bench
