#include "context/uncertainty_need.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

class KeysForUncertainty : public ::testing::Test {
 protected:
  std::uint32_t need(double epsilon, std::uint32_t k = 10, std::uint32_t most_k = 5000,
                     Executor& executor = serial_executor()) const {
    Budget budget;
    budget.k = k;
    budget.epsilon = epsilon;
    budget.most_k = most_k;
    return keys_for_uncertainty(queries_.view, positions_, keys_.view, indexed_, clusters_, 0.6, budget, executor);
  }

  SharedMatrix keys_ = random_matrix(2000, 16, 1);
  SharedMatrix queries_ = random_matrix(6, 16, 2);  // three groups of two
  std::vector<std::int64_t> positions_{1999, 1980, 1970};
  IdRange indexed_{20, 1900};
  KeyClusters clusters_{
      test::checked(keys_).slice(20, 1880), test::checked(keys_).slice(20, 1880), 0, {.clusters = 32}};
};

TEST_F(KeysForUncertainty, AreMoreForLess) {
  std::vector<std::uint32_t> needs;
  for (const double epsilon : {0.5, 0.01, 0.003, 0.001, 0.0003}) needs.push_back(need(epsilon));
  EXPECT_EQ(needs.front(), 10U) << "at least k";
  EXPECT_TRUE(std::is_sorted(needs.begin(), needs.end()));
  EXPECT_GT(needs.back(), 20 * needs.front());
  EXPECT_LT(needs.back(), 1880U);
}

TEST_F(KeysForUncertainty, DependOnEpsilonPerKeyAlone) {
  EXPECT_NEAR(need(0.001, 10), need(0.002, 20), 0.1 * need(0.001, 10));
}

TEST_F(KeysForUncertainty, AreBounded) {
  EXPECT_EQ(need(1e-7, 10, 300), 300U);
  EXPECT_LE(need(1e-9), 1880U);
  EXPECT_EQ(need(0.99, 2500, 3000), 2500U) << "as asked, more than there are";
}

TEST_F(KeysForUncertainty, AreTheSameForAnyExecutor) {
  const auto threads = make_openmp_executor(3);
  EXPECT_EQ(need(0.001), need(0.001, 10, 5000, *threads));
}

TEST_F(KeysForUncertainty, NothingMeasuredAsksForK) {
  positions_.clear();
  EXPECT_EQ(need(0.001), 10U);
}

}  // namespace
}  // namespace rattan::test
