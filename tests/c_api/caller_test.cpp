// What is the caller's stays the caller's: its floating-point mode, its memory, the end of its process.
#include <gtest/gtest.h>

#include <cfenv>
#include <cstdint>
#include <cstdlib>

#include "rattan/c.h"
#include "tests/c_api/small_context.h"

namespace rattan::test {
namespace {

rattan_params params_of(rattan_kind kind, std::uint32_t threads) {
  rattan_params params = SmallContext::default_params();
  params.kind = kind;
  params.threads = threads;
  return params;
}

constexpr rattan_kind kinds[] = {RATTAN_KIND_FLAT, RATTAN_KIND_SCAN4, RATTAN_KIND_GRAPH};

// FAULTS D13: neither rounding, nor flags that trap, nor the treatment of subnormal numbers is set for the sake of
// speed.
TEST(Caller, D13_KeepsItsFloatingPointMode) {
  for (const int rounding : {FE_TONEAREST, FE_DOWNWARD}) {
    ASSERT_EQ(std::fesetround(rounding), 0);
    std::fenv_t before;
    std::fegetenv(&before);
    volatile float smallest = 1e-45F;
    for (const rattan_kind kind : kinds) {
      SmallContext context(params_of(kind, 1));
      EXPECT_TRUE(context.build() && context.append(40) && context.decode() &&
                  rattan_seal(context.get(), 0) == RATTAN_OK && context.decode());
      EXPECT_EQ(std::fegetround(), rounding);
      EXPECT_NE(smallest * 1.0F, 0.0F) << "subnormal numbers are flushed";
    }
    std::fenv_t after;
    std::fegetenv(&after);
    EXPECT_EQ(before.__control_word, after.__control_word);
    EXPECT_EQ(before.__mxcsr & ~0x3fU, after.__mxcsr & ~0x3fU) << "all but the flags of what has happened";
  }
  std::fesetround(FE_TONEAREST);
}

// FAULTS E7: contexts, and a seal that runs in the background, are there when the process ends.
TEST(CallerDeathTest, E7_MayEndItsProcessAtAnyTime) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  for (const rattan_kind kind : kinds) {
    EXPECT_EXIT(
        {
          rattan_params params = params_of(kind, 3);
          params.seal_after = 32;
          params.background_seal = RATTAN_ON;
          auto* const context = new SmallContext(params);
          static SmallContext with_the_program(params);
          const bool good = context->build() && with_the_program.build() && context->append(300) &&
                            with_the_program.append(300) && context->decode();
          std::exit(good ? 0 : 1);
        },
        testing::ExitedWithCode(0), "");
  }
}

}  // namespace
}  // namespace rattan::test
