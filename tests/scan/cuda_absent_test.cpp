#include <gtest/gtest.h>

#include <string>

#include "rattan/exact_topk.h"
#include "tests/support/errors.h"

namespace rattan {
namespace {

// FAULTS G7.
TEST(CudaAbsent, G7_SaysWhatIsMissing) {
  std::string why;
  EXPECT_FALSE(cuda_available(&why));
  EXPECT_EQ(why, "built without CUDA");
  EXPECT_FALSE(cuda_available());
  test::expect_error(ErrorCode::unsupported, why, [] { (void)make_exact_topk_cuda(); });
}

}  // namespace
}  // namespace rattan
