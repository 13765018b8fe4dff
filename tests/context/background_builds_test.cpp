#include "context/background_builds.h"

#include <gtest/gtest.h>

#include "context/head_build.h"
#include "tests/context/gated_topk.h"
#include "tests/context/synthetic_head.h"
#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

// One layer of two heads whose builds are pending.
struct PendingLayer {
  explicit PendingLayer(const SyntheticHead& head)
      : queries(random_matrix(400, head.keys.view.cols, 9)),
        views{queries.view},
        layer(std::vector<std::shared_ptr<const HeadPrefix>>{head.prefix, head.prefix}, head.params) {
    const auto codes = codes_alone(test::checked(head.keys).slice(8, 360), head.params);
    Layer::Builds builds;
    for (int i = 0; i < 2; ++i) {
      builds.push_back(std::make_shared<PendingBuild>(HeadQueries{views, {}}, 1, head.params, HeadFit{}, false));
    }
    layer.expect_builds({codes, codes}, std::move(builds));
  }
  SharedMatrix queries;
  std::vector<MatrixView> views;
  Layer layer;
};

class BackgroundBuildsTest : public testing::Test {
 protected:
  BackgroundBuildsTest() : head(HeadKind::graph, 400) {
    params = head.params;
    params.background_build = true;
    params.build_threads = 2;
    params.exact = &gate;
  }
  SyntheticHead head;
  GatedTopK gate;
  ContextParams params;
};

TEST_F(BackgroundBuildsTest, BuildsAllHeadsThatWereOrdered) {
  PendingLayer a(head);
  PendingLayer b(head);
  BackgroundBuilds builds(params);
  builds.order(a.layer);
  builds.order(b.layer);
  EXPECT_EQ(builds.progress().heads, 4U);
  EXPECT_TRUE(a.layer.building());
  gate.open_gate();
  builds.wait();
  EXPECT_EQ(builds.progress().heads, 0U);
  EXPECT_FALSE(a.layer.building() || b.layer.building());
  builds.order(a.layer);  // nothing is pending
  EXPECT_EQ(builds.progress().heads, 0U);
}

TEST_F(BackgroundBuildsTest, StopsWhatRunsAndForgetsWhatWaits) {
  PendingLayer a(head);
  {
    BackgroundBuilds builds(params);
    builds.order(a.layer);
    gate.open_gate();
    builds.stop();
    EXPECT_EQ(builds.progress().heads, 0U);
    if (!a.layer.building()) return;  // the machine was faster
    builds.order(a.layer);
    builds.wait();
    EXPECT_FALSE(a.layer.building());
  }
}

}  // namespace
}  // namespace rattan::test
