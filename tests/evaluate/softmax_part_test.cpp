#include "evaluate/softmax_part.h"

#include <gtest/gtest.h>

namespace rattan {
namespace {

SoftmaxPart of_keys(const std::vector<double>& logits, const std::vector<double>& values) {
  SoftmaxPart part(1);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    part.raise_max(logits[i]);
    const double weight = std::exp(logits[i] - part.max);
    part.sum += weight;
    part.output[0] += weight * values[i];
  }
  return part;
}

TEST(SoftmaxPart, MergedPartsAreTheWhole) {
  const SoftmaxPart whole = of_keys({1, -3, 2.5, 0}, {1, 2, 3, 4});
  SoftmaxPart merged = of_keys({1, -3}, {1, 2});
  merged.merge(of_keys({2.5, 0}, {3, 4}));
  EXPECT_NEAR(merged.output[0] / merged.sum, whole.output[0] / whole.sum, 1e-15);
  EXPECT_NEAR(merged.lse(), whole.lse(), 1e-15);
}

TEST(SoftmaxPart, EmptyPartsChangeNothing) {  // FAULTS D10
  SoftmaxPart empty(1);
  empty.merge(SoftmaxPart(1));
  EXPECT_EQ(empty.sum, 0);
  EXPECT_EQ(empty.output[0], 0);
  EXPECT_EQ(empty.normalised(0), 0);
  EXPECT_EQ(empty.lse(), -std::numeric_limits<double>::infinity());
  SoftmaxPart part = of_keys({1, 2}, {3, 4});
  const SoftmaxPart before = part;
  part.merge(empty);
  EXPECT_EQ(part.sum, before.sum);
  empty.merge(before);
  EXPECT_EQ(empty.sum, before.sum);
  EXPECT_EQ(empty.output, before.output);
}

TEST(SoftmaxPart, LogitsOfAQuarterMillion) {  // FAULTS D9
  SoftmaxPart part = of_keys({-2.5e5, -2.5e5 + 1}, {1, 2});
  EXPECT_NEAR(part.output[0] / part.sum, (1 + 2 * std::exp(1.0)) / (1 + std::exp(1.0)), 1e-12);
  part.merge(of_keys({2.5e5}, {7}));
  EXPECT_EQ(part.output[0] / part.sum, 7);
}

}  // namespace
}  // namespace rattan
