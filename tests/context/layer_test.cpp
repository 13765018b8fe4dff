#include "context/layer.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

#include "tests/context/synthetic_head.h"

namespace rattan::test {
namespace {

// Fails every parallel run.
class Refusing final : public Executor {
 public:
  unsigned workers() const noexcept override { return 1; }
  void run(std::size_t, const Task&) override { throw std::runtime_error("refused"); }
};

class LayerTest : public testing::Test {
 protected:
  // The rows of both heads of tokens [begin, begin + count), token after token; both heads are the same.
  SharedMatrix twice(const MatrixView& rows, std::size_t begin, std::size_t count) const {
    std::vector<float> all;
    for (std::size_t t = begin; t < begin + count; ++t) {
      for (int h = 0; h < 2; ++h) {
        for (const double x : row_values(rows, t)) all.push_back(static_cast<float>(x));
      }
    }
    return make_matrix(all, 2 * count, rows.cols);
  }
  void append(Layer& layer, std::size_t begin, std::size_t count) const {
    layer.append(count, twice(head.keys.view, begin, count).view, twice(head.values.view, begin, count).view, {});
  }

  SyntheticHead head{HeadKind::graph, 500};
  std::vector<std::shared_ptr<const HeadPrefix>> prefixes{head.prefix, head.prefix};
};

std::vector<double> grown_row(const ChunkRows& rows, std::size_t i) {
  return row_values({rows.row(i), rows.dtype, 1, rows.cols}, 0);
}

TEST_F(LayerTest, HeadsGrowTogether) {
  Layer layer(prefixes, head.params);
  EXPECT_EQ(layer.tokens(), 500U);
  EXPECT_EQ(layer.prefill(), 500U);
  append(layer, 500, 3);
  EXPECT_EQ(layer.tokens(), 503U);
  for (std::size_t h = 0; h < 2; ++h) {
    const KvHead::View view = layer.head(h).view(503);
    for (std::size_t t = 500; t < 503; ++t) {
      EXPECT_EQ(grown_row(view.keys.grown, t - 468), row_values(head.keys.view, t));
      EXPECT_EQ(grown_row(view.values.grown, t - 468), row_values(head.values.view, t));
    }
  }
  layer.truncate(501);
  EXPECT_EQ(layer.tokens(), 501U);
  layer.truncate(700);
  EXPECT_EQ(layer.tokens(), 501U);
  EXPECT_EQ(layer.head(1).shared_prefix(), prefixes[1]);
}

// Found by UBSan: a row behind the beginning of no memory at all.
TEST_F(LayerTest, NoTokensNeedNoMemory) {
  Layer layer(prefixes, head.params);
  layer.append(0, MatrixView(nullptr, DType::f32, 0, head.keys.view.cols), {}, {});
  EXPECT_EQ(layer.tokens(), 500U);
}

TEST_F(LayerTest, SealsTheOlderHalfOrAll) {
  Layer layer(prefixes, head.params);
  append(layer, 500, 400);
  EXPECT_TRUE(layer.waiting(400));
  EXPECT_FALSE(layer.waiting(401));
  layer.seal(Layer::Part::older_half, serial_executor());
  EXPECT_EQ(layer.head(1).sealable(900), 200U);
  layer.seal(Layer::Part::all, serial_executor());
  EXPECT_EQ(layer.head(0).sealable(900), 0U);
}

TEST_F(LayerTest, AFailedSealIsToldOnceAndMayBeTriedAgain) {
  Layer layer(prefixes, head.params);
  append(layer, 500, 400);
  layer.rethrow_failure();
  Refusing refusing;
  layer.try_seal(Layer::Part::all, refusing);
  EXPECT_THROW(layer.rethrow_failure(), std::runtime_error);
  layer.rethrow_failure();
  layer.try_seal(Layer::Part::all, serial_executor());
  layer.rethrow_failure();
  EXPECT_EQ(layer.head(0).sealable(900), 0U);
}

TEST_F(LayerTest, OneSealIsOrderedAtATime) {
  Layer layer(prefixes, head.params);
  EXPECT_TRUE(layer.order_seal());
  EXPECT_FALSE(layer.order_seal());
  layer.seal_ended();
  EXPECT_TRUE(layer.order_seal());
}

}  // namespace
}  // namespace rattan::test
