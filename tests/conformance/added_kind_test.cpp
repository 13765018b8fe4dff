// What a kind needs to be used everywhere: a row (see added_kind.cpp). The suite of all kinds runs it too.
#include "added_kind.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "index/auto_index.h"
#include "index/choose_kind.h"
#include "index/growing_index.h"
#include "index/registry.h"
#include "kinds.h"
#include "rattan/context.h"
#include "rattan/evaluate.h"
#include "tests/support/files.h"
#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

const IndexKind& row() {
  kinds();  // adds it
  return *find_kind("norms");
}

SearchParams best_ten() {
  SearchParams params;
  params.k = 10;
  return params;
}

class AddedKind : public testing::Test {
 protected:
  SharedMatrix keys_ = random_matrix(5000, 16, 1, DType::f16);
  SharedMatrix queries_ = random_matrix(16, 16, 2, DType::f16);
  TempDirectory folder_;
};

TEST_F(AddedKind, IsAContenderLikeTheLibrarysOwn) {
  const auto all = contenders(false);
  EXPECT_NE(std::find(all.begin(), all.end(), &row()), all.end());
  EXPECT_EQ(find_head_kind(4), &row());
  EXPECT_EQ(last_head_kind(), 4U);
}

TEST_F(AddedKind, IsBuiltCalibratedAndChosenByItsCost) {
  BuildInputs inputs{.keys = checked(keys_), .calibration = queries_.view};
  inputs.params.automatic.k = 400;
  inputs.params.automatic.group = 2;
  inputs.params.automatic.recall = 0.9;
  row();
  const ChosenKind chosen = choose_kind(
      contenders(false), inputs,
      [](const IndexKind& kind, double microseconds) { return kind.name == "norms" ? 0 : microseconds; }, nullptr);
  ASSERT_EQ(chosen.index->kind(), "norms") << chosen.words(": ", "\n");
  EXPECT_LT(chosen.width.width, 5000U);
  EXPECT_EQ(row().bytes(5000, 16, Metric::inner_product, {}), chosen.index->memory().total());

  SearchParams params;
  params.k = 400;
  const NeighborTable truth = build_flat(keys_)->search(queries_.view, params);
  chosen.width.apply(400, params);
  EXPECT_GE(mean_recall(chosen.index->search(queries_.view, params), truth), 0.9);
}

TEST_F(AddedKind, StandsInsideAutoAndIsOpenedThere) {
  const AutoIndex index(checked(keys_), Metric::inner_product, row().build({.keys = checked(keys_)}, nullptr),
                        {10, 700, "measured\n"});
  index.save(folder_ / "auto");
  const auto opened = open_index(folder_ / "auto", keys_);
  EXPECT_EQ(dynamic_cast<const AutoIndex&>(*opened).chosen().kind(), "norms");
  EXPECT_EQ(opened->search(queries_.view, best_ten()), index.search(queries_.view, best_ten()));
}

TEST_F(AddedKind, GrowsAsAnIndexThatIsScanned) {
  GrowingIndex growing(std::shared_ptr<const Index>(row().build({.keys = checked(keys_.view.slice(0, 4000))}, nullptr)),
                       {});
  growing.append(keys_.view.slice(4000, 1000));
  growing.seal(5000, serial_executor());
  EXPECT_EQ(growing.sealed(), 5000U);
  const auto scratch = GrowingIndex::make_scratch();
  growing.search(queries_.view.slice(0, 1), best_ten(), *scratch);
  const NeighborTable truth = build_flat(keys_)->search(queries_.view.slice(0, 1), best_ten());
  const auto found = GrowingIndex::results(*scratch, 0);
  EXPECT_TRUE(std::equal(found.ids.begin(), found.ids.end(), truth.ids(0).begin(), truth.ids(0).end()));
}

// A head of a context is asked for it by number, holds its bytes, says its name and is saved and opened.
TEST_F(AddedKind, IsAKindOfHeads) {
  const auto number = static_cast<HeadKind>(row().head_kind);
  const ContextShape shape{.layers = 1, .query_heads = 1, .kv_heads = 1, .key_dim = 16, .value_dim = 16};
  ContextParams params;
  params.kind = number;
  params.sinks = 8;
  params.recent = 32;
  params.clusters = 0;
  params.capacity = 8192;
  params.budget.k = 10;
  const SharedMatrix asked = random_matrix(5000, 16, 3);
  const auto decode = [&](const Context& context) {
    std::vector<float> output(16);
    context.decode(0, queries_.view.slice(0, 1), output, {});
    return output;
  };
  Context context(shape, params);
  context.build_layer(0, {&keys_, 1}, {&keys_, 1}, std::vector{asked.view});
  EXPECT_EQ(context.report().front().kind, "norms");
  EXPECT_NE(context.report().front().reason.find("as asked, norms width "), std::string::npos);
  context.save(folder_.path());
  Context opened(shape, params);
  opened.open_layer(folder_.path(), 0, {&keys_, 1}, {&keys_, 1});
  EXPECT_EQ(opened.report().front().reason, context.report().front().reason);
  EXPECT_EQ(decode(opened), decode(context));
}

}  // namespace
}  // namespace rattan::test
