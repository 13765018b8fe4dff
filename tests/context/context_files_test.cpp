#include <gtest/gtest.h>

#include <vector>

#include "rattan/context.h"
#include "tests/context/synthetic_text.h"
#include "tests/support/errors.h"
#include "tests/support/files.h"
#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

class ContextFiles : public testing::Test {
 protected:
  static ContextShape shape() { return two_layers(DType::f32); }
  static ContextParams params() {
    ContextParams params = small_window(HeadKind::graph, 1024);
    params.budget.k = 20;
    return params;
  }

  void open(Context& context) const {
    for (std::uint32_t layer = 0; layer < 2; ++layer) {
      context.open_layer(folder.path(), layer, text.keys(layer, 300), text.values(layer, 300));
    }
  }

  SyntheticText text{shape(), 400};
  TempDirectory folder;
};

TEST_F(ContextFiles, AnOpenedPrefixGoesOnAsTheSavedOne) {
  Context saved(shape(), params());
  text.build(saved, 300);
  saved.save(folder.path());
  Context opened(shape(), params());
  open(opened);
  for (std::size_t t = 300; t < 400; ++t) {
    EXPECT_EQ(text.decode(opened, 1, t - 1).output, text.decode(saved, 1, t - 1).output);
    text.append(saved, t, 1);
    text.append(opened, t, 1);
  }
  for (std::uint32_t layer = 0; layer < 2; ++layer) {
    saved.seal(layer);
    opened.seal(layer);
    EXPECT_EQ(text.decode(opened, layer, 399).output, text.decode(saved, layer, 399).output);
  }
  EXPECT_EQ(opened.report().front().reason, saved.report().front().reason);
}

TEST_F(ContextFiles, AppendedTokensAreSaved) {
  for (const std::size_t kept : {400U, 330U, 290U, 200U, 20U, 5U}) {
    Context saved(shape(), params());
    text.build(saved, 300);
    text.append(saved, 300, 100);
    saved.seal(0);
    saved.truncate(kept);
    saved.save(folder.path());
    Context opened(shape(), params());
    for (std::uint32_t layer = 0; layer < 2; ++layer) {
      opened.open_layer(folder.path(), layer, text.keys(layer, kept), text.values(layer, kept));
      EXPECT_EQ(opened.tokens(layer), kept);
    }
    DecodeParams everything;
    everything.budget = Budget{};
    everything.budget->k = 100000;
    EXPECT_LE(output_error(text.decode(opened, 1, 3, everything), text.full(1, 3, kept)), 2e-5) << kept;
    EXPECT_LE(lse_error(text.decode(opened, 0, 3), text.full(0, 3, kept)), 0.1) << kept;
    text.append(opened, kept, 400 - kept);
    opened.seal(0);
    EXPECT_LE(output_error(text.decode(opened, 0, 3, everything), text.full(0, 3, 400)), 2e-5) << kept;
    EXPECT_EQ(opened.report().front().base_tokens, kept < 268 ? 360U : 260U);
  }
}

TEST_F(ContextFiles, AnIndexOfAppendedTokensIsSaved) {
  const SyntheticText longer(shape(), 5000);
  ContextParams grown = params();
  grown.capacity = 6000;
  grown.seal_after = 0;
  Context saved(shape(), grown);
  longer.build(saved, 200);
  longer.append(saved, 200, 4300);
  for (std::uint32_t layer = 0; layer < 2; ++layer) saved.seal(layer);
  longer.append(saved, 4500, 100);
  saved.save(folder.path());
  Context opened(shape(), grown);
  for (std::uint32_t layer = 0; layer < 2; ++layer) {
    opened.open_layer(folder.path(), layer, longer.keys(layer, 4600), longer.values(layer, 4600));
  }
  EXPECT_EQ(opened.report().front().kind, "graph");
  EXPECT_EQ(opened.report().front().base_tokens, 4460U);
  EXPECT_EQ(opened.report().front().unsealed_tokens, 132U);
  EXPECT_EQ(opened.report().front().reason, saved.report().front().reason);
  for (std::uint32_t layer = 0; layer < 2; ++layer) {
    EXPECT_LE(output_error(longer.decode(opened, layer, 7), longer.decode(saved, layer, 7)), 1e-4);
  }
}

// Defect: what an opened context was built anew from were the queries since alone.
TEST_F(ContextFiles, KeptQueriesAreSaved) {
  ContextParams grown = params();
  grown.capacity = 6000;  // where heads may be built anew
  Context saved(shape(), grown);
  text.build(saved, 200);
  text.append(saved, 200, 200);
  saved.save(folder.path());
  Context opened(shape(), grown);
  for (std::uint32_t layer = 0; layer < 2; ++layer) {
    opened.open_layer(folder.path(), layer, text.keys(layer, 400), text.values(layer, 400));
  }
  const auto kept = [](const Context& context) {
    for (const auto& [name, bytes] : context.memory().parts) {
      if (name == "kept queries") return bytes;
    }
    return std::uint64_t{0};
  };
  EXPECT_EQ(kept(opened), 8 * 400U * shape().key_dim * 2);
  EXPECT_EQ(kept(opened), kept(saved));
  for (std::uint32_t layer = 0; layer < 2; ++layer) {
    saved.rebuild(layer);
    opened.rebuild(layer);
    EXPECT_EQ(text.decode(opened, layer, 399).output, text.decode(saved, layer, 399).output);
  }
  EXPECT_EQ(opened.report().front().reason, saved.report().front().reason);
  EXPECT_EQ(opened.report().front().base_tokens, saved.report().front().base_tokens);
}

TEST_F(ContextFiles, FailedOpensLeaveNothingBuilt) {
  Context saved(shape(), params());
  text.build(saved, 300);
  saved.save(folder.path());
  Context opened(shape(), params());
  const auto keys = text.keys(0, 300);
  const auto values = text.values(0, 300);
  expect_error(ErrorCode::not_found, "layer_0000", [&] { opened.open_layer(folder / "none", 0, keys, values); });
  expect_error(ErrorCode::invalid_argument, "keys", [&] { opened.open_layer(folder.path(), 1, keys, values); });
  expect_error(ErrorCode::invalid_argument, "layer is 2", [&] { opened.open_layer(folder.path(), 2, keys, values); });
  const std::string last = (folder / "layer_0000_head_0001.rattan").string();
  write_file(last, read_file(last).substr(0, 1000));
  expect_error(ErrorCode::corrupt, "head_0001", [&] { opened.open_layer(folder.path(), 0, keys, values); });
  expect_error(ErrorCode::invalid_argument, "layer is 0", [&] { text.decode(opened, 0, 299); });
  saved.save(folder.path());
  open(opened);
  expect_error(ErrorCode::invalid_argument, "built already",
               [&] { opened.open_layer(folder.path(), 0, keys, values); });
}

TEST_F(ContextFiles, SavingWhereNoFolderIsFails) {
  Context context(shape(), params());
  text.build(context, 300);
  expect_error(ErrorCode::not_found, "layer_0000", [&] { context.save(folder / "none"); });
}

}  // namespace
}  // namespace rattan::test
