// What must follow from what, of attention: a context that is split and merged, a constant that is added to all logits.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "rattan/c.h"
#include "tests/support/c_matrices.h"
#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

constexpr std::size_t tokens = 300;
constexpr std::uint32_t dim = 12;

struct Answer {
  std::vector<float> output = std::vector<float>(dim);
  float lse = 0;
};

// Of one query head over one KV head, all keys asked for.
Answer decode(rattan_kind kind, const MatrixView& keys, const MatrixView& values, const MatrixView& query) {
  rattan_shape shape;
  rattan_shape_init(&shape);
  shape.layers = shape.kv_heads = shape.query_heads = 1;
  shape.key_dim = static_cast<std::uint32_t>(keys.cols);
  shape.value_dim = dim;
  shape.dtype = RATTAN_F32;
  rattan_params params;
  rattan_params_init(&params);
  params.kind = kind;
  params.softmax_scale = 0.3;
  params.sinks = 2;
  params.recent = 8;
  params.clusters = 4;
  params.threads = 1;
  params.budget.k = params.budget.most_k = 1U << 20;
  rattan_context* context = nullptr;
  Answer answer;
  const rattan_matrix k = matrix_of(keys);
  const rattan_matrix v = matrix_of(values);
  const rattan_matrix q = matrix_of(query);
  EXPECT_EQ(rattan_context_create(&shape, &params, &context), RATTAN_OK) << rattan_last_error();
  EXPECT_EQ(rattan_build_layer(context, 0, &k, &v, &k, nullptr), RATTAN_OK) << rattan_last_error();
  EXPECT_EQ(rattan_decode(context, 0, &q, answer.output.data(), &answer.lse, nullptr), RATTAN_OK);
  rattan_context_destroy(context);
  return answer;
}

class Attention : public testing::TestWithParam<rattan_kind> {
 protected:
  void expect_near(const Answer& answer, const Answer& expected, double added) const {
    EXPECT_NEAR(static_cast<double>(answer.lse), static_cast<double>(expected.lse) + added, 1e-5);
    for (std::size_t c = 0; c < dim; ++c) EXPECT_NEAR(answer.output[c], expected.output[c], 1e-5);
  }

  SharedMatrix keys_ = random_matrix(tokens, dim, 1);
  SharedMatrix values_ = random_matrix(tokens, dim, 2);
  SharedMatrix query_ = random_matrix(1, dim, 3);
};

TEST_P(Attention, PartsOfASplitContextMergeToTheWhole) {
  const Answer whole = decode(GetParam(), keys_.view, values_.view, query_.view);
  for (const std::size_t split : {0U, 1U, 100U, 299U}) {
    Answer first = decode(GetParam(), keys_.view.slice(0, split), values_.view.slice(0, split), query_.view);
    const Answer second = decode(GetParam(), keys_.view.slice(split, tokens - split),
                                 values_.view.slice(split, tokens - split), query_.view);
    ASSERT_EQ(rattan_merge(first.output.data(), &first.lse, second.output.data(), second.lse, dim), RATTAN_OK);
    expect_near(first, whole, 0);
  }
}

// One more channel, the same of all keys.
TEST_P(Attention, AConstantAddedToAllLogitsIsAddedToTheLseAlone) {
  const Answer plain = decode(GetParam(), keys_.view, values_.view, query_.view);
  const auto with_channel = [](const MatrixView& rows, float added) {
    std::vector<float> values;
    for (std::size_t row = 0; row < rows.rows; ++row) {
      for (const double x : row_values(rows, row)) values.push_back(static_cast<float>(x));
      values.push_back(added);
    }
    return make_matrix(values, rows.rows, rows.cols + 1);
  };
  for (const float added : {-40.0F, 7.0F, 25.0F}) {
    const SharedMatrix keys = with_channel(keys_.view, added);
    const SharedMatrix query = with_channel(query_.view, 1);
    expect_near(decode(GetParam(), keys.view, values_.view, query.view), plain, 0.3 * static_cast<double>(added));
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, Attention, testing::Values(RATTAN_KIND_FLAT, RATTAN_KIND_SCAN4, RATTAN_KIND_GRAPH));

}  // namespace
}  // namespace rattan::test
