// FAULTS F9: a child of fork() uses contexts of the parent, whose threads are not there.
#include <gtest/gtest.h>

#include <vector>

#include "rattan/c.h"
#include "tests/c_api/small_context.h"
#include "tests/support/forked.h"

namespace rattan::test {
namespace {

rattan_params with_threads(std::uint32_t threads, rattan_kind kind) {
  rattan_params params = SmallContext::default_params();
  params.threads = threads;
  params.kind = kind;
  return params;
}

bool lives(SmallContext& context) {
  return context.decode() && context.append(40) && rattan_seal(context.get(), 0) == RATTAN_OK && context.decode() &&
         rattan_context_save(context.get(), ".") == RATTAN_OK;
}

class Forked : public testing::TestWithParam<rattan_kind> {};

TEST_P(Forked, AChildDecodesBuildsSealsSavesAndDestroys) {
  for (const std::uint32_t threads : {0U, 1U, 3U}) {
    const rattan_params params = with_threads(threads, GetParam());
    SmallContext context(params);
    ASSERT_TRUE(context.build() && lives(context));
    EXPECT_TRUE(in_forked_child([&] {
      SmallContext another(params);
      const bool good = lives(context) && another.build() && lives(another);
      context.destroy();
      return good;
    })) << threads;
    EXPECT_TRUE(lives(context)) << "in the parent";
  }
}

TEST_P(Forked, AChildBuildsWhatTheParentHasBegun) {
  SmallContext context(with_threads(0, GetParam()));
  SmallContext used(with_threads(0, GetParam()));
  ASSERT_TRUE(used.build());
  EXPECT_TRUE(in_forked_child([&] { return context.build() && lives(context); }));
}

// A seal in the background runs or waits while the process forks: the child must end up with all tokens and no lock.
TEST_P(Forked, DuringASealInTheBackgroundNeitherHangsNorLosesTokens) {
  rattan_params params = with_threads(0, GetParam());
  params.seal_after = 32;
  params.background_seal = RATTAN_ON;
  SmallContext context(params);
  ASSERT_TRUE(context.build());
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(context.append(20));
    const std::uint64_t tokens = context.tokens();
    ASSERT_TRUE(in_forked_child([&] {
      const bool good = context.tokens() == tokens && context.append(100) && context.decode() &&
                        rattan_seal(context.get(), 0) == RATTAN_OK && rattan_truncate(context.get(), 50) == RATTAN_OK &&
                        context.decode();
      context.destroy();
      return good;
    })) << i;
  }
  EXPECT_TRUE(lives(context));
}

// A build in the background: the parent goes on with it, the child does it by itself.
TEST_P(Forked, DuringABuildInTheBackgroundBothFinishIt) {
  for (const std::uint32_t threads : {0U, 1U, 3U}) {
    rattan_params params = with_threads(threads, GetParam());
    params.background_build = RATTAN_ON;
    params.build_threads = threads;
    SmallContext context(params);
    ASSERT_TRUE(context.build());
    const auto finishes = [&] {
      std::uint64_t heads = 1;
      double seconds = -1;
      return rattan_wait_for_builds(context.get()) == RATTAN_OK &&
             rattan_build_progress(context.get(), &heads, &seconds) == RATTAN_OK && heads == 0 && seconds >= 0 &&
             lives(context);
    };
    EXPECT_TRUE(in_forked_child([&] { return context.decode() && finishes(); })) << threads;
    EXPECT_TRUE(in_forked_child([&] {
      context.destroy();
      return true;
    }));
    EXPECT_TRUE(finishes()) << "in the parent";
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, Forked, testing::Values(RATTAN_KIND_FLAT, RATTAN_KIND_SCAN4, RATTAN_KIND_GRAPH));

}  // namespace
}  // namespace rattan::test
