#include "bench/cli/exact_flag.h"

#include <gtest/gtest.h>

#include "bench/inputs/usage_error.h"
#include "tests/bench/groups.h"
#include "tests/support/errors.h"

namespace rattan::bench {
namespace {

TEST(ExactFlag, OnlyWhatExistsIsTaken) {
  CLI::App app;
  std::string where = "cpu";
  add_exact_flag(app, where);
  app.parse("--exact auto", false);
  EXPECT_EQ(where, "auto");
  EXPECT_THROW(app.parse("--exact gpu", false), CLI::ValidationError);
}

TEST(ExactFlag, AutoIsTheGpuWhereThereIsOne) {
  EXPECT_FALSE(on_gpu("cpu"));
  EXPECT_TRUE(on_gpu("cuda"));
  EXPECT_EQ(on_gpu("auto"), cuda_available());
  EXPECT_NE(make_exact("cpu", nullptr), nullptr);
  EXPECT_NE(make_exact("auto", nullptr), nullptr);
}

TEST(ExactFlag, QueriesCanBeReencodedForTheGpu) {
  const datasets::KvGroup group = test::small_group(400, 12, 2, 16, DType::f16);
  EXPECT_THROW(links_on_gpu("cuda", group, DType::bf16, {}), UsageError);
  EXPECT_TRUE(links_on_gpu("cuda", group, DType::bf16, DType::bf16));
  EXPECT_TRUE(links_on_gpu("cuda", group, {}, {}));
}

TEST(ExactFlag, CudaWithoutADeviceIsAnError) {
  if (cuda_available()) GTEST_SKIP() << "there is a device";
  test::expect_error(ErrorCode::unsupported, "GPU", [] { (void)make_exact("cuda", nullptr); });
}

}  // namespace
}  // namespace rattan::bench
