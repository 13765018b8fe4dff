#include "context/layer_input.h"

#include <gtest/gtest.h>

#include "tests/context/paged_text.h"
#include "tests/support/errors.h"
#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

class LayerInputTest : public testing::Test {
 protected:
  static void expect_rows(const CheckedMatrix& rows, const MatrixView& wanted) {
    ASSERT_EQ(rows.rows(), wanted.rows);
    for (std::size_t i = 0; i < wanted.rows; ++i) EXPECT_EQ(row_values(rows.view(), i), row_values(wanted, i));
  }

  SyntheticText text{two_layers(DType::f16), 50};
  ContextParams params = small_window(HeadKind::flat, 64);
};

TEST_F(LayerInputTest, MatricesStayWhatTheyAre) {
  const LayerInput input(text.shape(), params, text.keys(1, 50), text.values(1, 50));
  EXPECT_FALSE(input.paged());
  EXPECT_EQ(input.rows(), 50U);
  ASSERT_EQ(input.heads(), 2U);
  EXPECT_EQ(input.head(1).keys.view().data, text.keys(1, 50)[1].view.data);
  EXPECT_EQ(input.head(1).values.view().data, text.values(1, 50)[1].view.data);
}

TEST_F(LayerInputTest, PagesComeTogetherAndBelongToNobodyElse) {
  PagedText pages(text, 16, 64);
  pages.write(text, 0, 50);
  const LayerInput input(text.shape(), params, pages.keys(1, 50), pages.values(1, 50));
  EXPECT_TRUE(input.paged());
  EXPECT_EQ(input.rows(), 50U);
  ASSERT_EQ(input.heads(), 2U);
  ASSERT_EQ(input.pages().size(), 2U);
  for (std::size_t h = 0; h < 2; ++h) {
    const HeadRows head = input.head(h);
    expect_rows(head.keys, text.keys(1, 50)[h].view);
    expect_rows(head.values, text.values(1, 50)[h].view);
    EXPECT_NE(head.gathered_keys, nullptr);
    EXPECT_EQ(head.keys.shared().owner, nullptr);
  }
}

TEST_F(LayerInputTest, OnePageIsReadInPlace) {
  PagedText pages(text, 64, 64);
  pages.write(text, 0, 50);
  const LayerInput input(text.shape(), params, pages.keys(0, 50), pages.values(0, 50));
  const HeadRows head = input.head(1);
  EXPECT_EQ(head.keys.view().data, pages.keys(0, 50)[1].data);
  EXPECT_EQ(head.gathered_values, nullptr);
  expect_rows(head.values, text.values(0, 50)[1].view);
}

TEST_F(LayerInputTest, IsRefusedBeyondTheCapacity) {
  const PagedText pages(text, 16, 80);
  expect_error(ErrorCode::invalid_argument, "keys[0].rows",
               [&] { LayerInput(text.shape(), params, pages.keys(0, 65), pages.values(0, 65)); });
}

}  // namespace
}  // namespace rattan::test
