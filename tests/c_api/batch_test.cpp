// rattan_decode_batch: many sequences, several tokens, limits of what is seen and sinks, against a softmax in double.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "rattan/c.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan::test {
namespace {

constexpr std::uint32_t heads = 4;
constexpr std::uint32_t key_dim = 16;
constexpr std::uint32_t value_dim = 8;
constexpr std::size_t tokens = 200;
constexpr std::size_t rows = 3;

rattan_matrix given(const MatrixView& view) {
  rattan_matrix matrix = {};
  matrix.data = view.data;
  matrix.dtype = RATTAN_F32;
  matrix.rows = view.rows;
  matrix.cols = static_cast<std::uint32_t>(view.cols);
  return matrix;
}

// One layer of one KV head; the queries of the last tokens, token after token.
class Batch : public testing::Test {
 protected:
  Batch() {
    for (int i = 0; i < 2; ++i) {
      rattan_shape shape;
      rattan_shape_init(&shape);
      shape.layers = shape.kv_heads = 1;
      shape.query_heads = heads;
      shape.key_dim = key_dim;
      shape.value_dim = value_dim;
      shape.dtype = RATTAN_F32;
      rattan_params params;
      rattan_params_init(&params);
      params.kind = i == 0 ? RATTAN_KIND_FLAT : RATTAN_KIND_SCAN4;
      params.sinks = 4;
      params.recent = 16;
      params.capacity = 1024;
      EXPECT_EQ(rattan_context_create(&shape, &params, &contexts_[i]), RATTAN_OK);
      EXPECT_EQ(rattan_build_layer(contexts_[i], 0, &c_keys_, &c_values_, nullptr, nullptr), RATTAN_OK);
      rattan_decode_item_init(&items_[i]);
      items_[i].context = contexts_[i];
      items_[i].queries = &c_queries_;
      output_[i].assign(rows * heads * value_dim, -1);
      lse_[i].assign(rows * heads, -1);
      items_[i].output = output_[i].data();
      items_[i].lse = lse_[i].data();
      items_[i].rows = rows;
    }
  }
  ~Batch() override {
    for (rattan_context* context : contexts_) rattan_context_destroy(context);
  }

  ReferenceAttention exact(std::size_t query, std::size_t seen) const {
    return reference_attention(queries_.view, query, keys_.view, values_.view, all_ids(seen), 0.25);
  }
  void expect_refused(const std::string& text) {
    EXPECT_EQ(rattan_decode_batch(items_, 2), RATTAN_INVALID_ARGUMENT);
    EXPECT_NE(std::string(rattan_last_error()).find(text), std::string::npos) << rattan_last_error();
    EXPECT_EQ(output_[0][0], -1) << "nothing is written";
  }

  SharedMatrix keys_ = random_matrix(tokens, key_dim, 1);
  SharedMatrix values_ = random_matrix(tokens, value_dim, 2);
  SharedMatrix queries_ = random_matrix(rows * heads, key_dim, 3);
  rattan_matrix c_keys_ = given(keys_.view);
  rattan_matrix c_values_ = given(values_.view);
  rattan_matrix c_queries_ = given(queries_.view);
  rattan_context* contexts_[2] = {};
  rattan_decode_item items_[2];
  std::vector<float> output_[2];
  std::vector<float> lse_[2];
};

TEST_F(Batch, RowsAreConsecutiveTokens) {
  ASSERT_EQ(rattan_decode_batch(items_, 2), RATTAN_OK);
  for (std::size_t i = 0; i < rows * heads; ++i) {
    const ReferenceAttention expected = exact(i, tokens - rows + 1 + i / heads);
    EXPECT_NEAR(lse_[0][i], expected.lse, 1e-5);
    for (std::size_t c = 0; c < value_dim; ++c) {
      EXPECT_NEAR(output_[0][i * value_dim + c], expected.output[c], 1e-5);
    }
  }
}

TEST_F(Batch, TheLastRowIsADecodeByItself) {
  ASSERT_EQ(rattan_decode_batch(items_, 2), RATTAN_OK);
  const rattan_matrix last = given(queries_.view.slice((rows - 1) * heads, heads));
  for (int i = 0; i < 2; ++i) {
    std::vector<float> output(heads * value_dim);
    std::vector<float> lse(heads);
    ASSERT_EQ(rattan_decode(contexts_[i], 0, &last, output.data(), lse.data(), nullptr), RATTAN_OK);
    EXPECT_TRUE(std::equal(output.rbegin(), output.rend(), output_[i].rbegin()));
    EXPECT_TRUE(std::equal(lse.rbegin(), lse.rend(), lse_[i].rbegin()));
  }
}

// Sinks that weigh as much as the first 50 tokens, which alone are seen, halve the output.
TEST_F(Batch, VisibleTokensAndSinks) {
  std::vector<float> sinks;
  for (std::size_t h = 0; h < heads; ++h) sinks.push_back(static_cast<float>(exact(h, 50).lse));
  c_queries_ = given(queries_.view.slice(0, heads));
  items_[0].rows = 0;
  items_[0].visible_tokens = 50;
  items_[0].sink_logits = sinks.data();
  ASSERT_EQ(rattan_decode_batch(items_, 1), RATTAN_OK);
  for (std::size_t h = 0; h < heads; ++h) {
    EXPECT_NEAR(lse_[0][h], exact(h, 50).lse + std::log(2), 1e-5);
    for (std::size_t c = 0; c < value_dim; ++c) {
      EXPECT_NEAR(output_[0][h * value_dim + c], exact(h, 50).output[c] / 2, 1e-5);
    }
  }
}

TEST_F(Batch, ErrorsSayWhichItem) {
  items_[1].rows = tokens + 1;
  expect_refused("items[1]: layer 0: DecodeParams::rows");
  items_[1].rows = rows;
  items_[1].context = nullptr;
  expect_refused("items[1]: context");
  items_[1].context = contexts_[1];
  items_[1].queries = nullptr;
  expect_refused("items[1]: queries");
  items_[1].queries = &c_queries_;
  items_[1].output = nullptr;
  expect_refused("items[1]: output");
  items_[1].output = output_[1].data();
  items_[1].struct_size = 1;
  expect_refused("items[1]: item.struct_size");
  EXPECT_EQ(rattan_decode_batch(nullptr, 1), RATTAN_INVALID_ARGUMENT);
  EXPECT_EQ(rattan_decode_batch(nullptr, 0), RATTAN_OK);
  rattan_decode_item_init(nullptr);
}

}  // namespace
}  // namespace rattan::test
