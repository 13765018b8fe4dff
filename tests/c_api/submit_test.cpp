// rattan_submit and rattan_wait: what rattan_decode_batch does, beside the caller.
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "rattan/c.h"
#include "tests/c_api/small_context.h"
#include "tests/support/forked.h"

namespace rattan::test {
namespace {

// A context with queries of its own, and where its attention goes.
class Asked {
 public:
  explicit Asked(std::uint64_t seed, rattan_kind kind = RATTAN_KIND_SCAN4) : context_(params_of(kind)) {
    built_ = context_.build();
    queries_ = random_matrix(SmallContext::query_heads, SmallContext::dim, seed);
    given_.data = queries_.view.data;
    given_.dtype = RATTAN_F32;
    given_.rows = SmallContext::query_heads;
    given_.cols = SmallContext::dim;
    output.assign(SmallContext::query_heads * std::size_t{SmallContext::dim}, -1);
  }

  rattan_decode_item item() {
    rattan_decode_item item;
    rattan_decode_item_init(&item);
    item.context = context_.get();
    item.queries = &given_;
    item.output = output.data();
    return item;
  }
  std::vector<float> decoded() const {
    std::vector<float> found(output.size());
    EXPECT_EQ(rattan_decode(context_.get(), 0, &given_, found.data(), nullptr, nullptr), RATTAN_OK);
    return found;
  }
  SmallContext& context() { return context_; }
  bool built() const { return built_; }

  std::vector<float> output;

 private:
  static rattan_params params_of(rattan_kind kind) {
    rattan_params params = SmallContext::default_params();
    params.kind = kind;
    params.threads = 2;
    return params;
  }

  SmallContext context_;
  bool built_ = false;
  SharedMatrix queries_;
  rattan_matrix given_{};
};

TEST(Submit, DoesWhatABatchDoes) {
  Asked one(1);
  Asked two(2, RATTAN_KIND_GRAPH);
  ASSERT_TRUE(one.built() && two.built());
  const std::vector<float> wanted[] = {one.decoded(), two.decoded()};
  for (int round = 0; round < 20; ++round) {
    rattan_decode_item items[] = {one.item(), two.item()};
    rattan_pending* pending = nullptr;
    ASSERT_EQ(rattan_submit(items, 2, &pending), RATTAN_OK);
    std::memset(items, 0, sizeof items);  // they were read
    ASSERT_EQ(rattan_wait(pending), RATTAN_OK);
    EXPECT_EQ(one.output, wanted[0]);
    EXPECT_EQ(two.output, wanted[1]);
    one.output.assign(one.output.size(), -1);
  }
}

TEST(Submit, SeveralMayWait) {
  Asked one(1);
  Asked two(2);
  ASSERT_TRUE(one.built() && two.built());
  const std::vector<float> wanted[] = {one.decoded(), two.decoded()};
  const rattan_decode_item items[] = {one.item(), two.item()};
  rattan_pending* pending[] = {nullptr, nullptr, nullptr};
  ASSERT_EQ(rattan_submit(items, 1, &pending[0]), RATTAN_OK);
  ASSERT_EQ(rattan_submit(items + 1, 1, &pending[1]), RATTAN_OK);
  ASSERT_EQ(rattan_submit(items, 0, &pending[2]), RATTAN_OK);
  EXPECT_TRUE(one.context().append(3));  // beside them
  for (const int i : {2, 1, 0}) EXPECT_EQ(rattan_wait(pending[i]), RATTAN_OK);
  EXPECT_EQ(two.output, wanted[1]);
}

TEST(Submit, SaysAtOnceOrInTheEndWhatWasWrong) {
  Asked one(1);
  rattan_decode_item item = one.item();
  rattan_pending* pending = nullptr;
  EXPECT_EQ(rattan_submit(nullptr, 1, &pending), RATTAN_INVALID_ARGUMENT);
  EXPECT_EQ(rattan_submit(&item, 1, nullptr), RATTAN_INVALID_ARGUMENT);
  EXPECT_EQ(rattan_wait(nullptr), RATTAN_INVALID_ARGUMENT);
  item.output = nullptr;
  EXPECT_EQ(rattan_submit(&item, 1, &pending), RATTAN_INVALID_ARGUMENT);
  EXPECT_NE(std::strstr(rattan_last_error(), "items[0]: output"), nullptr);
  EXPECT_EQ(pending, nullptr);
  item = one.item();
  item.layer = 7;
  ASSERT_EQ(rattan_submit(&item, 1, &pending), RATTAN_OK);
  EXPECT_EQ(rattan_wait(pending), RATTAN_INVALID_ARGUMENT);
  EXPECT_NE(std::strstr(rattan_last_error(), "items[0]: layer is 7"), nullptr);
}

TEST(Submit, IsDoneBeforeItsContextGoes) {
  Asked one(1);
  ASSERT_TRUE(one.built());
  const std::vector<float> wanted = one.decoded();
  const rattan_decode_item item = one.item();
  rattan_pending* pending = nullptr;
  ASSERT_EQ(rattan_submit(&item, 1, &pending), RATTAN_OK);
  one.context().destroy();
  EXPECT_EQ(one.output, wanted);
  EXPECT_EQ(rattan_wait(pending), RATTAN_OK);
}

TEST(Submit, WorksInAForkedChild) {
  Asked one(1);
  ASSERT_TRUE(one.built());
  const rattan_decode_item item = one.item();
  rattan_pending* before = nullptr;
  ASSERT_EQ(rattan_submit(&item, 1, &before), RATTAN_OK);
  EXPECT_TRUE(in_forked_child([&] {
    rattan_pending* pending = nullptr;
    return rattan_wait(before) == RATTAN_OK && rattan_submit(&item, 1, &pending) == RATTAN_OK &&
           rattan_wait(pending) == RATTAN_OK;
  }));
  EXPECT_EQ(rattan_wait(before), RATTAN_OK);
}

}  // namespace
}  // namespace rattan::test
