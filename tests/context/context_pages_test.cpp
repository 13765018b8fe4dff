// Context over the pages of an engine: to the bit what it is over matrices of the same tokens.
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "context/head_kind.h"
#include "core/check.h"
#include "rattan/context.h"
#include "tests/context/paged_text.h"
#include "tests/context/synthetic_text.h"
#include "tests/support/errors.h"
#include "tests/support/files.h"

namespace rattan::test {
namespace {

constexpr HeadKind all_kinds[] = {HeadKind::flat, HeadKind::scan4, HeadKind::graph};
constexpr std::size_t prefill = 500;
constexpr std::size_t all_tokens = 1300;

ContextParams params_of(HeadKind kind) {
  ContextParams params = small_window(kind, all_tokens);
  params.budget.k = 20;
  params.seal_after = 0;
  return params;
}

void expect_equal(const SyntheticText& text, const Context& paged, const Context& borrowed) {
  DecodeParams several;
  several.budget = Budget{};
  several.budget->epsilon = 0.05;
  several.budget->k = 10;
  for (std::uint32_t layer = 0; layer < text.shape().layers; ++layer) {
    const std::size_t tokens = borrowed.tokens(layer);
    ASSERT_EQ(paged.tokens(layer), tokens);
    for (const DecodeParams& params : {DecodeParams{}, several}) {
      for (const std::size_t asked : {tokens - 1, tokens / 2}) {
        const Attended found = text.decode(paged, layer, asked, params);
        const Attended wanted = text.decode(borrowed, layer, asked, params);
        EXPECT_EQ(found.output, wanted.output);
        EXPECT_EQ(found.lse, wanted.lse);
      }
    }
  }
}

// A context over pages and one over matrices, which live the same life.
struct Pair {
  Pair(const SyntheticText& text_, const ContextParams& params, std::size_t page_rows, std::uint64_t seed = 1)
      : text(text_),
        pages(text, page_rows, all_tokens, seed),
        paged(text.shape(), params),
        borrowed(text.shape(), params) {}

  void build(std::size_t tokens) {
    pages.build(paged, tokens);
    text.build(borrowed, tokens);
  }
  void append(std::size_t begin, std::size_t count) {
    pages.append(paged, begin, count);
    text.append(borrowed, begin, count);
  }
  void seal() {
    for (std::uint32_t layer = 0; layer < text.shape().layers; ++layer) {
      paged.seal(layer);
      borrowed.seal(layer);
    }
  }
  void truncate(std::size_t tokens) {
    paged.truncate(tokens);
    borrowed.truncate(tokens);
  }
  void expect_same() const { expect_equal(text, paged, borrowed); }

  const SyntheticText& text;
  PagedText pages;
  Context paged;
  Context borrowed;
};

TEST(ContextPages, GiveTheBitsOfMatrices) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    const SyntheticText text(two_layers(dtype), all_tokens);
    for (const HeadKind kind : all_kinds) {
      for (const std::size_t page_rows : {1U, 3U, 16U, 256U, 1000U}) {
        SCOPED_TRACE(message(to_string(dtype), ", ", to_string(kind), ", pages of ", page_rows));
        Pair pair(text, params_of(kind), page_rows);
        pair.build(prefill);
        pair.expect_same();
        pair.append(prefill, 1);
        pair.append(prefill + 1, 300);
        pair.expect_same();
        pair.seal();
        pair.expect_same();
        pair.append(801, 49);
        pair.expect_same();
      }
    }
  }
}

TEST(ContextPages, GrowFromNothingAndAreBuiltAnew) {
  const SyntheticText text(two_layers(DType::f16), all_tokens);
  for (const HeadKind kind : all_kinds) {
    SCOPED_TRACE(to_string(kind));
    Pair pair(text, params_of(kind), 16);
    pair.build(0);
    for (std::size_t t = 0; t < 20; ++t) pair.append(t, 1);
    pair.expect_same();
    pair.append(20, 580);
    pair.seal();
    pair.expect_same();
    pair.append(600, 600);
    for (std::uint32_t layer = 0; layer < 2; ++layer) {
      pair.paged.rebuild(layer);
      pair.borrowed.rebuild(layer);
    }
    pair.expect_same();
  }
}

TEST(ContextPages, AreTruncatedEverywhere) {
  const SyntheticText text(two_layers(DType::bf16), all_tokens);
  const SyntheticText other(two_layers(DType::bf16), all_tokens, 2);
  for (const HeadKind kind : all_kinds) {
    for (const std::size_t kept : {849U, 600U, 480U, 200U, 5U}) {
      SCOPED_TRACE(message(to_string(kind), ", ", kept));
      Pair pair(text, params_of(kind), 16);
      pair.build(prefill);
      pair.append(prefill, 350);
      pair.seal();
      pair.truncate(kept);
      pair.expect_same();
      // Other tokens are written over those that went.
      pair.pages.append(pair.paged, other, kept, 300);
      other.append(pair.borrowed, kept, 300);
      pair.expect_same();
      pair.seal();
      pair.expect_same();
    }
  }
}

TEST(ContextPages, OfForksAreTheirOwnFromWhereTheyPart) {
  const SyntheticText text(two_layers(DType::f16), all_tokens);
  const SyntheticText other(two_layers(DType::f16), all_tokens, 2);
  for (const HeadKind kind : all_kinds) {
    SCOPED_TRACE(to_string(kind));
    Pair pair(text, params_of(kind), 16);
    pair.build(prefill);
    pair.append(prefill, 203);
    pair.seal();
    Context paged = pair.paged.fork();
    Context borrowed = pair.borrowed.fork();
    expect_equal(text, paged, borrowed);
    // The engine's fork has a table and pages of its own; here all are copies.
    PagedText own(text, 16, all_tokens, 7);
    own.write(text, 0, 703);
    own.append(paged, other, 703, 100);
    other.append(borrowed, 703, 100);
    pair.append(703, 50);
    pair.expect_same();
    expect_equal(text, paged, borrowed);
    pair.pages.move();  // the origin's pages are nothing to the fork any more
    expect_equal(text, paged, borrowed);
  }
}

TEST(ContextPages, MayMoveBetweenDecodes) {
  const SyntheticText text(two_layers(DType::f32), all_tokens);
  for (const HeadKind kind : all_kinds) {
    Pair pair(text, params_of(kind), 16);
    pair.build(prefill);
    pair.append(prefill, 300);
    pair.seal();
    pair.pages.move();
    for (std::uint32_t layer = 0; layer < 2; ++layer) {
      pair.paged.append_pages(layer, 0, pair.pages.keys(layer, 800), pair.pages.values(layer, 800));
    }
    pair.expect_same();
  }
}

TEST(ContextPages, AreSavedAndOpenedAsMatricesAre) {
  const SyntheticText text(two_layers(DType::f16), all_tokens);
  for (const HeadKind kind : all_kinds) {
    SCOPED_TRACE(to_string(kind));
    Pair pair(text, params_of(kind), 16);
    pair.build(prefill);
    pair.append(prefill, 100);
    const TempDirectory of_pages;
    const TempDirectory of_matrices;
    pair.paged.save(of_pages.path());
    pair.borrowed.save(of_matrices.path());
    for (const char* const name : {"layer_0000_head_0001.rattan", "layer_0001_head_0000.rattan"}) {
      EXPECT_EQ(read_file(of_pages.path() / name), read_file(of_matrices.path() / name));
    }
    Pair opened(text, params_of(kind), 3, 5);
    opened.pages.write(text, 0, 600);
    for (std::uint32_t layer = 0; layer < 2; ++layer) {
      opened.paged.open_layer(of_matrices.path(), layer, opened.pages.keys(layer, 600),
                              opened.pages.values(layer, 600));
      opened.borrowed.open_layer(of_pages.path(), layer, text.keys(layer, 600), text.values(layer, 600));
    }
    opened.expect_same();
    opened.append(600, 200);
    opened.seal();
    opened.expect_same();
  }
}

// Figure 4 of issue 11.
TEST(ContextPages, HoldNoBytesPerTokenBesidesCodesEdgesAndClusters) {
  const SyntheticText text(two_layers(DType::f16), all_tokens);
  for (const HeadKind kind : all_kinds) {
    ContextParams params = params_of(kind);
    params.kept_queries = 0;
    Pair pair(text, params, 16);
    const auto besides = [&] {
      std::uint64_t bytes = 0;
      for (const auto& [name, held] : pair.paged.memory().parts) {
        const bool searched = name == "codes" || name == "edges" || name == "entry_points" || name == "clusters";
        // Decode queries that the next segment is linked by, at most 4,096 rows a head, as over matrices.
        if (!searched && name != "recent queries" && name != "segments") bytes += held;
      }
      return bytes;
    };
    pair.build(prefill);
    EXPECT_EQ(besides(), 0U);
    pair.append(prefill, 400);
    EXPECT_EQ(besides(), 0U);
    pair.seal();
    EXPECT_EQ(besides(), 0U);
    const Context fork = pair.paged.fork();
    EXPECT_LT(fork.memory().total(), pair.borrowed.memory().total());
    const std::uint64_t token = 2 * 2 * (16 + 8) * 2;  // layers, heads, columns, bytes
    const std::uint64_t copied = pair.borrowed.memory().total() - pair.paged.memory().total();
    EXPECT_EQ(copied, token * (32 + 400));  // the window and what was appended
  }
}

TEST(ContextPages, CountNothingAgainstTheLimitOfMemory) {
  const SyntheticText text(two_layers(DType::f16), all_tokens);
  ContextParams params = params_of(HeadKind::flat);
  params.memory_limit = 4 * 32 * 48;  // of four heads: copies of the window, and not one more
  PagedText pages(text, 16, all_tokens);
  Context paged(text.shape(), params);
  pages.build(paged, prefill);
  pages.append(paged, prefill, 700);
  Context copied(text.shape(), params);
  text.build(copied, prefill);
  expect_error(ErrorCode::no_memory, "memory_limit", [&] { text.append(copied, prefill, 700); });
}

class ContextPagesBad : public testing::Test {
 protected:
  void expect_bad(const std::string& name, const auto& spoil) {
    Context context(text.shape(), params_of(HeadKind::flat));
    std::vector<PagedRows> keys = pages.keys(0, 100);
    std::vector<PagedRows> values = pages.values(0, 100);
    spoil(keys, values);
    expect_error(ErrorCode::invalid_argument, "layer 0: " + name,
                 [&] { context.build_layer(0, keys, values, std::vector<MatrixView>()); });
    context.build_layer(0, pages.keys(0, 100), pages.values(0, 100), std::vector<MatrixView>());
    keys = pages.keys(0, 110);
    values = pages.values(0, 110);
    spoil(keys, values);
    expect_error(ErrorCode::invalid_argument, "layer 0: " + name, [&] { context.append_pages(0, 10, keys, values); });
    EXPECT_EQ(context.tokens(0), 100U);
    context.append_pages(0, 10, pages.keys(0, 110), pages.values(0, 110));
  }

  void SetUp() override { pages.write(text, 0, 120); }

  SyntheticText text{two_layers(DType::f16), 120};
  PagedText pages{text, 16, 120};
};

using Spoiled = std::vector<PagedRows>;

TEST_F(ContextPagesBad, ArgumentsAreNamed) {
  expect_bad("keys.size()", [](Spoiled& keys, Spoiled&) { keys.pop_back(); });
  expect_bad("values.size()", [](Spoiled&, Spoiled& values) { values.push_back(values[0]); });
  expect_bad("keys[1].rows", [](Spoiled& keys, Spoiled&) { --keys[1].rows; });
  expect_bad("values[0].cols", [](Spoiled&, Spoiled& values) { --values[0].cols; });
  expect_bad("keys[0].dtype", [](Spoiled& keys, Spoiled&) { keys[0].dtype = DType::bf16; });
  expect_bad("values[1].data", [](Spoiled&, Spoiled& values) { values[1].data = nullptr; });
  expect_bad("keys[1].block_rows", [](Spoiled& keys, Spoiled&) { keys[1].block_rows = 0; });
  expect_bad("keys[0].table", [](Spoiled& keys, Spoiled&) { keys[0].table = keys[0].table.first(2); });
  expect_bad("keys[0].table", [](Spoiled& keys, Spoiled&) { keys[0].table = {}; });
  expect_bad("values[0].row_stride", [](Spoiled&, Spoiled& values) { values[0].row_stride = 7; });
  expect_bad("keys[0].block_stride", [](Spoiled& keys, Spoiled&) { keys[0].block_stride = 15; });
}

TEST_F(ContextPagesBad, ElementsAreNamedByTheirToken) {
  Context context(text.shape(), params_of(HeadKind::flat));
  expect_error(ErrorCode::invalid_argument, "layer 0: keys[0]: row 120, column 0 is NaN", [&] {
    PagedText longer(text, 16, 130);
    longer.write(text, 0, 120);
    context.build_layer(0, longer.keys(0, 121), longer.values(0, 121), std::vector<MatrixView>());
  });
  PagedText longer(text, 16, 130);
  longer.write(text, 0, 120);
  context.build_layer(0, longer.keys(0, 100), longer.values(0, 100), std::vector<MatrixView>());
  expect_error(ErrorCode::invalid_argument, "layer 0: keys[0], token 120",
               [&] { context.append_pages(0, 21, longer.keys(0, 121), longer.values(0, 121)); });
  EXPECT_EQ(context.tokens(0), 100U);
}

TEST_F(ContextPagesBad, TokensFollowAsTheyBegan) {
  Context paged(text.shape(), params_of(HeadKind::flat));
  pages.build(paged, 100);
  expect_error(ErrorCode::invalid_argument, "append_pages", [&] { text.append(paged, 100, 1); });
  Context borrowed(text.shape(), params_of(HeadKind::flat));
  text.build(borrowed, 100);
  expect_error(ErrorCode::invalid_argument, "append()", [&] { pages.append(borrowed, 100, 1); });
  expect_error(ErrorCode::invalid_argument, "tokens",
               [&] { paged.append_pages(0, 5000, pages.keys(0, 120), pages.values(0, 120)); });
}

// Readers go on while pages are appended and moved; a row is read where its reader found it.
TEST(ContextPages, AreReadWhileTheyGrow) {
  const SyntheticText text(two_layers(DType::f32), all_tokens);
  ContextParams params = params_of(HeadKind::scan4);
  params.seal_after = 64;
  // Former places stay as they are: decodes and seals may go on there.
  std::vector<std::unique_ptr<PagedText>> places;
  places.push_back(std::make_unique<PagedText>(text, 16, all_tokens));
  Context context(text.shape(), params);
  places.back()->build(context, prefill);
  std::atomic<bool> done{false};
  std::jthread reader([&] {
    while (!done.load()) {
      for (const float x : text.decode(context, 0, 100).output) EXPECT_TRUE(std::isfinite(x));
    }
  });
  for (std::size_t t = prefill; t < all_tokens; t += 20) {
    if (t % 200 == 0) places.push_back(std::make_unique<PagedText>(*places.back()));
    places.back()->append(context, t, 20);
  }
  done.store(true);
}

}  // namespace
}  // namespace rattan::test
