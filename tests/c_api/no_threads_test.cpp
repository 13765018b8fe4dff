// A program of its own: std::thread and OpenMP's runtime call the pthread_create below.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>

#include "rattan/c.h"
#include "rattan/executor.h"
#include "tests/c_api/small_context.h"

namespace {

std::atomic<bool> refused{false};
std::atomic<int> asked{0};

}  // namespace

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                              void* argument) noexcept {
  ++asked;
  if (refused) return EAGAIN;
  static const auto real = reinterpret_cast<decltype(&pthread_create)>(dlsym(RTLD_NEXT, "pthread_create"));
  return real(thread, attributes, start, argument);
}

namespace rattan::test {
namespace {

bool works(const rattan_params& params) {
  SmallContext context(params);
  bool good = context.build() && context.decode();
  for (int i = 0; i < 5; ++i) good = good && context.append(40) && context.decode();
  good = good && rattan_seal(context.get(), 0) == RATTAN_OK && context.decode();
  return good && rattan_context_save(context.get(), ".") == RATTAN_OK &&
         context.tokens() == SmallContext::prefill + 200;
}

class NoThreads : public testing::TestWithParam<rattan_kind> {};

// Defect: a check of all keys ran on the default executor.
TEST_P(NoThreads, OneThreadIsTheCallersFromTheFirstCallToTheLast) {
  asked = 0;
  rattan_params params = SmallContext::default_params();
  params.kind = GetParam();
  params.threads = 1;
  params.background_seal = RATTAN_OFF;
  params.seal_after = 32;
  EXPECT_TRUE(works(params)) << rattan_last_error();
  EXPECT_EQ(asked, 0);
}

// Defect: OpenMP's runtime ended the host's process.
TEST_P(NoThreads, WhereNoneCanBeStartedTheCallerDoesTheWork) {
  refused = true;
  for (const std::uint32_t threads : {0U, 2U, 64U}) {
    for (const rattan_switch background : {RATTAN_OFF, RATTAN_ON}) {
      rattan_params params = SmallContext::default_params();
      params.kind = GetParam();
      params.threads = threads;
      params.background_seal = background;
      params.seal_after = 32;
      asked = 0;
      EXPECT_TRUE(works(params)) << rattan_last_error();
      EXPECT_TRUE(threads != 64 || asked > 0);
    }
  }
  refused = false;
}

INSTANTIATE_TEST_SUITE_P(Kinds, NoThreads,
                         testing::Values(RATTAN_KIND_AUTO, RATTAN_KIND_FLAT, RATTAN_KIND_SCAN4, RATTAN_KIND_GRAPH));

TEST(NoThreads, APoolTakesTheThreadsThatThereAre) {
  const auto pool = make_thread_executor(4);
  std::atomic<int> runs{0};
  refused = true;
  for (int i = 0; i < 3; ++i) pool->run(10, [&](std::size_t, unsigned) { ++runs; });
  refused = false;
  EXPECT_EQ(runs, 30);
}

}  // namespace
}  // namespace rattan::test
