#include "index/calibrate.h"

#include <gtest/gtest.h>

#include <vector>

#include "rattan/evaluate.h"
#include "rattan/exact_topk.h"
#include "tests/support/matrices.h"

namespace rattan {
namespace {

using test::random_matrix;

AutoBuildParams params_of(double recall) {
  AutoBuildParams params;
  params.k = 20;
  params.group = 2;
  params.recall = recall;
  params.executor = &serial_executor();
  return params;
}

TEST(Calibrate, TheWidthIsTheFirstThatReachesTheRecall) {
  const SharedMatrix keys = random_matrix(4000, 32, 1);
  const SharedMatrix queries = random_matrix(16, 32, 2);
  const auto flat = build_flat(keys);
  const auto scan4 = build_scan4(keys);
  std::uint32_t last = 0;
  for (const double recall : {0.7, 0.95, 0.999}) {
    const std::vector<Trial> trials = try_out({flat.get(), scan4.get()}, queries.view, params_of(recall));
    ASSERT_EQ(trials.size(), 2U);
    EXPECT_EQ(trials[0].index, flat.get());
    EXPECT_EQ(trials[0].recall, 1.0);
    EXPECT_GT(trials[0].microseconds, 0);
    ASSERT_TRUE(trials[1].reached);
    EXPECT_GE(trials[1].recall, recall);
    EXPECT_GE(trials[1].width, last);
    EXPECT_GT(trials[1].microseconds, 0);
    last = trials[1].width;
  }
  EXPECT_GT(last, 20U);
}

TEST(Calibrate, AContenderThatCannotReachTheRecallIsNotTimed) {
  const SharedMatrix keys = random_matrix(3000, 8, 3);
  const SharedMatrix queries = random_matrix(4, 8, 4);
  const auto flat = build_flat(keys);
  const auto other = build_flat(random_matrix(3000, 8, 5));
  const std::vector<Trial> trials = try_out({flat.get(), other.get()}, queries.view, params_of(1.0));
  EXPECT_FALSE(trials[1].reached);
  EXPECT_EQ(trials[1].microseconds, 0);
}

// A walk that starts at the last step's results needs no more width than one that starts afresh; steps that are equal
// need the least there is.
TEST(Calibrate, SeededStepsStartWhereTheLastOneEnded) {
  const SharedMatrix keys = random_matrix(4000, 16, 6);
  const SharedMatrix query = random_matrix(2, 16, 7);
  std::vector<float> repeated;
  const auto* data = static_cast<const float*>(query.view.data);
  for (int step = 0; step < 8; ++step) repeated.insert(repeated.end(), data, data + 32);
  const MatrixView queries(repeated.data(), DType::f32, 16, 16);
  const auto links = make_exact_topk_cpu()->find(random_matrix(3000, 16, 8).view, keys.view, 20, Metric::inner_product);
  const auto flat = build_flat(keys);
  const auto graph = build_graph(keys, {&links, 1});
  AutoBuildParams params = params_of(0.6);
  const Trial fresh = try_out({flat.get(), graph.get()}, queries, params)[1];
  params.with_start_keys = true;
  const Trial with_start_keys = try_out({flat.get(), graph.get()}, queries, params)[1];
  ASSERT_TRUE(fresh.reached && with_start_keys.reached);
  EXPECT_LE(with_start_keys.width, fresh.width);
}

// Two channels of opposite infinite products: the query scores no key, and its row of the truth is empty.
TEST(Calibrate, OneQueryThatScoresNoKeyDoesNotPassForTheRecallOfAllOthers) {
  const SharedMatrix keys = random_matrix(4000, 32, 1);
  const SharedMatrix queries = random_matrix(16, 32, 2);
  for (std::size_t key = 0; key < 4000; ++key) {
    test::set_element(keys, key, 0, 2);
    test::set_element(keys, key, 1, 2);
  }
  const auto flat = build_flat(keys);
  const auto graph = build_graph(keys, std::vector{make_exact_topk_cpu()->find(random_matrix(3000, 32, 3).view,
                                                                               keys.view, 20, Metric::inner_product)});
  const Trial without = find_widths({flat.get(), graph.get()}, queries.view, params_of(0.95))[1];
  test::set_element(queries, 0, 0, 3e38F);
  test::set_element(queries, 0, 1, -3e38F);
  ASSERT_EQ(flat->search(queries.view.slice(0, 1)).count(0), 0U);
  const Trial with = find_widths({flat.get(), graph.get()}, queries.view, params_of(0.95))[1];
  ASSERT_GT(without.width, 20U);
  EXPECT_GT(with.width, without.width / 2);
  EXPECT_TRUE(with.reached);
}

// Issue 11, B11: a mean of 0.5 hid a query head that found no key.
TEST(Calibrate, AHeadThatFindsFarLessThanTheOthersIsNotEnough) {
  const SharedMatrix keys = random_matrix(3000, 16, 1);
  const SharedMatrix blind = random_matrix(3000, 16, 1);
  for (std::size_t key = 0; key < 3000; ++key) {
    for (std::size_t c = 8; c < 16; ++c) test::set_element(blind, key, c, 0);
  }
  const SharedMatrix queries = random_matrix(16, 16, 2);  // every other one looks at what the blind index does not know
  for (std::size_t row = 0; row < 16; ++row) {
    for (std::size_t c = 0; c < 8; ++c) test::set_element(queries, row, row % 2 == 0 ? c + 8 : c, 0);
  }
  const auto flat = build_flat(keys);
  const auto other = build_flat(blind);
  const Trial trial = find_widths({flat.get(), other.get()}, queries.view, params_of(0.5))[1];
  EXPECT_GE(trial.recall, 0.5);
  EXPECT_LT(trial.worst_recall, 0.2);
  EXPECT_FALSE(trial.reached);
  AutoBuildParams alone = params_of(0.5);
  alone.group = 1;
  EXPECT_TRUE(find_widths({flat.get(), other.get()}, queries.view, alone)[1].reached);
}

// Rows of the second query head are far from every link: at one width it finds much less than the first.
TEST(Calibrate, AHeadThatFindsLittleGetsAWiderBeam) {
  const SharedMatrix keys = random_matrix(6000, 24, 1);
  const SharedMatrix linked = random_matrix(4000, 24, 2);
  const SharedMatrix queries = random_matrix(64, 24, 3);
  const auto turn_to = [](const SharedMatrix& rows, std::size_t row, bool first) {
    for (std::size_t c = 0; c < 24; ++c) {
      if ((c < 12) != first) test::set_element(rows, row, c, static_cast<float>(test::element(rows.view, row, c) / 8));
    }
  };
  for (std::size_t row = 0; row < 4000; ++row) turn_to(linked, row, row % 8 != 0);
  for (std::size_t row = 0; row < 64; ++row) turn_to(queries, row, row % 2 == 0);
  const auto links = make_exact_topk_cpu()->find(linked.view, keys.view, 20, Metric::inner_product);
  const auto flat = build_flat(keys);
  GraphBuildParams graph_params;
  graph_params.fill_nearest = false;
  const auto graph = build_graph(keys, {&links, 1}, Metric::inner_product, graph_params);
  const AutoBuildParams params = params_of(0.8);
  const Trial trial = find_widths({flat.get(), graph.get()}, queries.view, params)[1];
  ASSERT_TRUE(trial.reached);
  ASSERT_EQ(trial.row_widths.size(), 2U);
  EXPECT_GT(trial.row_widths[1], trial.row_widths[0]);
  SearchParams alike;
  alike.k = params.k;
  alike.group = 2;
  alike.beam_width = trial.width;
  const NeighborTable truth = flat->search(queries.view, alike);
  const auto recall_of = [&](const SearchParams& search, std::size_t head) {
    const std::vector<double> recalls = recall_per_row(graph->search(queries.view, search), truth);
    double sum = 0;
    for (std::size_t row = head; row < 64; row += 2) sum += recalls[row] / 32;
    return sum;
  };
  SearchParams own = alike;
  own.row_widths = trial.row_widths;
  EXPECT_GT(recall_of(own, 1), recall_of(alike, 1));
  EXPECT_GE((recall_of(own, 0) + recall_of(own, 1)) / 2, (recall_of(alike, 0) + recall_of(alike, 1)) / 2);
  EXPECT_NEAR(recall_of(own, 1), trial.worst_recall, 1e-9);
}

TEST(Calibrate, WidthsAreFoundWithoutTimesToo) {
  const SharedMatrix keys = random_matrix(3000, 32, 1);
  const SharedMatrix queries = random_matrix(16, 32, 2);
  const auto flat = build_flat(keys);
  const auto scan4 = build_scan4(keys);
  const std::vector<const Index*> contenders{flat.get(), scan4.get()};
  const std::vector<Trial> found = find_widths(contenders, queries.view, params_of(0.95));
  const std::vector<Trial> timed = try_out(contenders, queries.view, params_of(0.95));
  EXPECT_EQ(found[1].width, timed[1].width);
  EXPECT_EQ(found[1].recall, timed[1].recall);
  EXPECT_EQ(found[0].microseconds, 0);
  EXPECT_EQ(found[1].microseconds, 0);
}

}  // namespace
}  // namespace rattan
