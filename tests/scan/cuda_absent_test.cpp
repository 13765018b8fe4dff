#include <gtest/gtest.h>

#include <string>

#include "rattan/exact_topk.h"

namespace rattan {
namespace {

TEST(CudaAbsent, SaysWhatIsMissing) {
  std::string why;
  EXPECT_FALSE(cuda_available(&why));
  EXPECT_EQ(why, "built without CUDA");
  EXPECT_FALSE(cuda_available());
}

}  // namespace
}  // namespace rattan
