#include "context/head_choice.h"

#include <gtest/gtest.h>

#include <vector>

#include "context/head_evidence.h"
#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

constexpr std::uint32_t group = 2;

struct Head {
  explicit Head(std::size_t rows, float scale = 1) : keys(random_matrix(rows, 16, 1)) {
    for (std::size_t h = 0; h < group; ++h) {
      queries.push_back(random_matrix(rows, 16, 2 + h));
      for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t c = 0; c < 16; ++c) {
          set_element(queries[h], row, c, scale * static_cast<float>(element(queries[h].view, row, c)));
        }
      }
      views.push_back(queries[h].view);
    }
  }

  ChosenIndex choose(const ContextParams& params, HeadPlan* planned = nullptr) const {
    const HeadQueries asked{views, {}};
    HeadPlan plan = plan_head(asked, test::checked(keys), test::checked(keys), {0, static_cast<KeyId>(keys.view.rows)},
                              0.25, params);
    if (planned != nullptr) *planned = plan;
    std::vector<NeighborTable> links;
    if (plan.wants_links)
      links = make_links(asked, test::checked(keys), 16, 500, *make_exact_topk_cpu(&serial_executor()));
    return choose_index(test::checked(keys), std::move(plan), links, group, params, nullptr);
  }

  SharedMatrix keys;
  std::vector<SharedMatrix> queries;
  std::vector<MatrixView> views;
};

ContextParams params_of(HeadKind kind, std::uint32_t k = 10) {
  ContextParams params;
  params.kind = kind;
  params.budget.k = k;
  params.executor = &serial_executor();
  return params;
}

TEST(HeadChoice, FewKeysAreAttendedWhole) {
  const ChosenIndex chosen = Head(600).choose(params_of(HeadKind::automatic));
  EXPECT_EQ(chosen.choice.kind, HeadKind::flat);
  EXPECT_EQ(chosen.index->kind(), "flat");
  EXPECT_NE(chosen.choice.reason.find("600"), std::string::npos) << chosen.choice.reason;
}

TEST(HeadChoice, AKindThatIsAskedIsMadeAndItsWidthMeasured) {
  const Head head(600);
  for (const HeadKind kind : {HeadKind::scan4, HeadKind::graph}) {
    const ChosenIndex chosen = head.choose(params_of(kind));
    EXPECT_EQ(chosen.choice.kind, kind);
    EXPECT_EQ(chosen.index->kind(), to_string(kind));
    EXPECT_EQ(chosen.choice.k, 10U);
    EXPECT_GE(chosen.choice.width, 5U);
    EXPECT_TRUE(chosen.choice.curve.measured());
    EXPECT_NE(chosen.choice.reason.find("recall"), std::string::npos) << chosen.choice.reason;
  }
  EXPECT_EQ(head.choose(params_of(HeadKind::flat)).choice.reason, "as asked");
}

// Issue 11, B11: a graph that was asked for and finds too few keys of a query head, and nothing said so.
TEST(HeadChoice, AGraphThatCannotReachTheRecallGivesWayToScan4) {
  Head head(3000);
  for (std::size_t row = 0; row < 3000; ++row) {  // those that are linked and those that are held out look elsewhere
    for (std::size_t c = 0; c < 8; ++c) set_element(head.queries[1], row, row < 2800 ? c : c + 8, 0);
  }
  ContextParams params = params_of(HeadKind::graph);
  params.recall = 0.999;
  params.graph.max_degree = 2;
  const ChosenIndex chosen = head.choose(params);
  EXPECT_EQ(chosen.choice.kind, HeadKind::scan4);
  EXPECT_EQ(chosen.index->kind(), "scan4");
  EXPECT_NE(chosen.choice.reason.find("as asked, graph width 160"), std::string::npos) << chosen.choice.reason;
  EXPECT_NE(chosen.choice.reason.find("is not enough, scan4 width"), std::string::npos) << chosen.choice.reason;
  EXPECT_GE(chosen.choice.recall, 0.999);
  EXPECT_GE(chosen.choice.worst_recall, 0.999 * 0.85);
  params.recall = 0.5;
  params.graph.max_degree = 16;
  const ChosenIndex graph = head.choose(params);
  EXPECT_EQ(graph.choice.kind, HeadKind::graph);
  EXPECT_GE(graph.choice.recall, graph.choice.worst_recall);
  EXPECT_GT(graph.choice.worst_recall, 0.42);
}

TEST(HeadChoice, WithoutQueriesThereIsNoGraph) {
  const SharedMatrix keys = random_matrix(600, 16, 1);
  HeadPlan plan = plan_head({}, test::checked(keys), test::checked(keys), {0, 600}, 0.25, params_of(HeadKind::graph));
  EXPECT_FALSE(plan.wants_links);
  const ChosenIndex chosen =
      choose_index(test::checked(keys), std::move(plan), {}, group, params_of(HeadKind::graph), nullptr);
  EXPECT_EQ(chosen.choice.kind, HeadKind::scan4);
  EXPECT_NE(chosen.choice.reason.find("no queries"), std::string::npos) << chosen.choice.reason;
}

TEST(HeadChoice, EpsilonBudgetsWithTheEstimateAreMeasuredAtWhatTheyNeed) {
  const Head head(600);
  ContextParams params = params_of(HeadKind::scan4);
  params.clusters = 16;
  params.budget.epsilon = 0.002;
  HeadPlan plan;
  const ChosenIndex chosen = head.choose(params, &plan);
  EXPECT_EQ(plan.clusters.clusters(), 16U);
  EXPECT_GT(plan.k, params.budget.k);
  EXPECT_EQ(chosen.choice.k, plan.k);
  EXPECT_EQ(chosen.choice.first_keys(params.budget), params.budget.k);
  params.clusters = 0;
  static_cast<void>(head.choose(params, &plan));
  EXPECT_EQ(plan.clusters.clusters(), 0U);
  EXPECT_EQ(plan.k, params.budget.k);
}

TEST(HeadChoice, DiffuseHeadsGetNoGraph) {
  const Head head(25000, 0.01F);  // nearly equal weights
  ContextParams params = params_of(HeadKind::automatic);
  params.budget.epsilon = 0.1;
  params.budget.estimate_unread = false;
  HeadPlan plan;
  const ChosenIndex chosen = head.choose(params, &plan);
  EXPECT_FALSE(plan.wants_links);
  EXPECT_EQ(plan.k, params.budget.most_k);  // 0.9 of the keys are more
  EXPECT_NE(chosen.choice.kind, HeadKind::graph);
  EXPECT_NE(chosen.choice.reason.find("no graph, it would"), std::string::npos) << chosen.choice.reason;
}

TEST(HeadChoice, ShortTextsGetNoGraphUnlessAsked) {
  const Head head(5000);
  HeadPlan plan;
  const ChosenIndex chosen = head.choose(params_of(HeadKind::automatic), &plan);
  EXPECT_FALSE(plan.wants_links);
  EXPECT_NE(chosen.choice.reason.find("no graph, one pays"), std::string::npos) << chosen.choice.reason;
  head.choose(params_of(HeadKind::graph), &plan);
  EXPECT_TRUE(plan.wants_links);
}

TEST(HeadChoice, TheMeasuredKindReachesTheRecallAsked) {
  const Head head(25000);
  HeadPlan plan;
  const ChosenIndex chosen = head.choose(params_of(HeadKind::automatic), &plan);
  EXPECT_TRUE(plan.wants_links);
  EXPECT_NE(chosen.choice.reason.find("graph width"), std::string::npos) << chosen.choice.reason;
  EXPECT_EQ(chosen.index->kind(), to_string(chosen.choice.kind));
  EXPECT_NE(chosen.choice.reason.find("k 10"), std::string::npos) << chosen.choice.reason;
}

TEST(HeadChoice, BudgetsOfMassBeginWithWhatTheyNeeded) {
  HeadChoice choice;
  Budget budget;
  budget.k = 10;
  budget.most_k = 600;
  budget.epsilon = 0.1;
  budget.estimate_unread = false;
  EXPECT_EQ(choice.first_keys(budget), 10U);  // not measured
  choice.curve.keys = {1, 2, 3, 40, 50, 60, 70, 800, 900};
  EXPECT_EQ(choice.first_keys(budget), 40U);
  budget.epsilon = 0.5;
  EXPECT_EQ(choice.first_keys(budget), 10U);
  budget.epsilon = 0.001;
  EXPECT_EQ(choice.first_keys(budget), 600U);
  budget.estimate_unread = true;
  EXPECT_EQ(choice.first_keys(budget), 10U);
  budget.epsilon.reset();
  budget.estimate_unread = false;
  EXPECT_EQ(choice.first_keys(budget), 10U);
}

TEST(HeadChoice, WidthsAreInProportionToK) {
  HeadChoice choice;
  choice.kind = HeadKind::graph;
  choice.k = 100;
  choice.width = 250;
  SearchParams params;
  choice.apply_width(10, params);
  EXPECT_EQ(params.beam_width, 25U);
  EXPECT_FALSE(params.rerank);
  choice.kind = HeadKind::scan4;
  SearchParams scan;
  choice.apply_width(1000, scan);
  EXPECT_EQ(scan.rerank, 2500U);
  choice.k = 0;
  SearchParams unmeasured;
  choice.apply_width(10, unmeasured);
  EXPECT_FALSE(unmeasured.rerank);
}

TEST(HeadChoice, QueryHeadsHaveWidthsOfTheirOwn) {
  HeadChoice choice;
  choice.kind = HeadKind::graph;
  choice.k = 100;
  choice.width = 250;
  choice.row_widths = {0.5F, 1.0F, 2.0F};
  std::vector<float> widths;
  const auto applied = [&](std::size_t heads, const std::vector<std::size_t>& rows) {
    SearchParams params;
    params.group = static_cast<std::uint32_t>(rows.size());
    choice.apply_width(10, heads, rows, widths, params);
    EXPECT_EQ(params.beam_width, 25U);
    return std::vector<float>(params.row_widths.begin(), params.row_widths.end());
  };
  EXPECT_EQ(applied(3, {0, 1, 2}), choice.row_widths);
  EXPECT_EQ(applied(3, {2, 0}), (std::vector<float>{2.0F, 0.5F}));
  EXPECT_TRUE(applied(4, {2, 0}).empty());
  EXPECT_TRUE(applied(2, {0, 1}).empty());
}

}  // namespace
}  // namespace rattan::test
