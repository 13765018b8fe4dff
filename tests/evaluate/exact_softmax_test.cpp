#include "evaluate/exact_softmax.h"

#include <gtest/gtest.h>

#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan {
namespace {

std::vector<KeyId> range(std::int64_t begin, std::int64_t end) {
  std::vector<KeyId> ids;
  for (std::int64_t id = begin; id < end; ++id) ids.push_back(static_cast<KeyId>(id));
  return ids;
}

void expect_part(const SoftmaxPart& part, const test::ReferenceAttention& expected) {
  if (part.sum == 0) {
    EXPECT_EQ(expected.lse, -std::numeric_limits<double>::infinity());
    return;
  }
  EXPECT_NEAR(part.lse(), expected.lse, 1e-10);
  for (std::size_t c = 0; c < part.output.size(); ++c) {
    EXPECT_NEAR(part.output[c] / part.sum, expected.output[c], 1e-10);
  }
}

// Positions in every region: before, at both borders of, within and after the indexed range, across tile borders.
TEST(ExactSoftmax, SplitsTheVisibleKeysExactly) {
  const SharedMatrix queries = test::random_matrix(9, 6, 1, DType::f16);
  const SharedMatrix keys = test::random_matrix(300, 6, 2, DType::f16);
  const SharedMatrix values = test::random_matrix(300, 3, 3, DType::f16);
  const std::vector<std::int64_t> positions{0, 29, 30, 31, 127, 128, 259, 260, 299};
  const IdRange indexed{30, 260};
  const auto exact = exact_softmax(queries.view, keys.view, values.view, positions, indexed, 0.7, serial_executor());
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const std::int64_t end = positions[i] + 1;
    auto window = range(0, std::min<std::int64_t>(30, end));
    for (const KeyId id : range(260, end)) window.push_back(id);
    const auto reference = [&](const std::vector<KeyId>& ids) {
      return test::reference_attention(queries.view, i, keys.view, values.view, ids, 0.7);
    };
    expect_part(exact.indexed_parts[i], reference(range(30, std::min<std::int64_t>(260, end))));
    expect_part(exact.window_parts[i], reference(window));
  }
}

TEST(ExactSoftmax, TheDefaultRangeIsClippedToTheKeys) {
  const SharedMatrix keys = test::random_matrix(5, 2, 2);
  const std::vector<std::int64_t> positions{4};
  const auto exact =
      exact_softmax(keys.view.slice(0, 1), keys.view, MatrixView{}, positions, IdRange{}, 1, serial_executor());
  EXPECT_EQ(exact.indexed, (IdRange{0, 5}));
  EXPECT_EQ(exact.window_parts[0].sum, 0);
  EXPECT_TRUE(exact.indexed_parts[0].output.empty());
}

}  // namespace
}  // namespace rattan
