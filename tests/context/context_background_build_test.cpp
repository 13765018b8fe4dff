// ContextParams::background_build: a context is decoded, grows, is cut, forked, saved and destroyed while its indexes
// are being built, and ends as one that was built at once.
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "context/head_file.h"
#include "rattan/context.h"
#include "storage/container.h"
#include "tests/context/gated_topk.h"
#include "tests/context/paged_text.h"
#include "tests/context/synthetic_text.h"
#include "tests/support/files.h"

namespace rattan::test {
namespace {

constexpr std::size_t prefill = 500;
constexpr std::size_t all_tokens = 1300;
constexpr double rounding = 2e-5;

ContextParams params_of(HeadKind kind) {
  ContextParams params = small_window(kind, 8192);
  params.budget.k = 20;
  params.seal_after = 0;
  return params;
}

ContextParams in_background(HeadKind kind, std::uint32_t threads = 2) {
  ContextParams params = params_of(kind);
  params.background_build = true;
  params.build_threads = threads;
  return params;
}

const SyntheticText& text() {
  static const SyntheticText all(two_layers(DType::f16), all_tokens);
  return all;
}

std::string section_bytes(const std::filesystem::path& path, std::string_view name) {
  const Container container = Container::open(path);
  if (!container.has(name)) return {};
  ByteReader in = container.section(name);
  return in.text(in.remaining(), "all");
}

// Everything that is saved but "head", whose reason says how long calibration took.
void expect_same_files(const Context& a, const Context& b) {
  const TempDirectory of_a;
  const TempDirectory of_b;
  a.save(of_a.path());
  b.save(of_b.path());
  for (std::size_t layer = 0; layer < 2; ++layer) {
    for (std::size_t head = 0; head < 2; ++head) {
      for (const std::string_view name :
           {"identity", "settings", "entry_points", "degrees", "edges", "window", "clusters", "kept_queries"}) {
        EXPECT_EQ(section_bytes(head_path(of_a.path(), layer, head), name),
                  section_bytes(head_path(of_b.path(), layer, head), name))
            << name;
      }
    }
  }
}

void expect_same(const Context& a, const Context& b) {
  const std::vector<HeadReport> reports_a = a.report();
  const std::vector<HeadReport> reports_b = b.report();
  ASSERT_EQ(reports_a.size(), reports_b.size());
  for (std::size_t i = 0; i < reports_a.size(); ++i) {
    EXPECT_EQ(reports_a[i].kind, reports_b[i].kind);
    EXPECT_EQ(reports_a[i].recall, reports_b[i].recall);
    EXPECT_EQ(reports_a[i].worst_recall, reports_b[i].worst_recall);
    EXPECT_EQ(reports_a[i].base_tokens, reports_b[i].base_tokens);
    EXPECT_EQ(reports_a[i].sealed_tokens, reports_b[i].sealed_tokens);
    EXPECT_EQ(reports_a[i].memory.parts, reports_b[i].memory.parts);
    EXPECT_FALSE(reports_a[i].building);
  }
  for (std::size_t layer = 0; layer < 2; ++layer) {
    for (const std::size_t asked : {3U, 200U, 499U}) {
      const Attended found = text().decode(a, layer, asked);
      const Attended wanted = text().decode(b, layer, asked);
      EXPECT_EQ(found.output, wanted.output);
      EXPECT_EQ(found.lse, wanted.lse);
    }
  }
}

// As long as the gate is shut every head of a graph context is being built.
struct Gated {
  explicit Gated(std::uint32_t threads = 2) : params(in_background(HeadKind::graph, threads)) { params.exact = &gate; }
  ~Gated() { gate.open_gate(); }
  GatedTopK gate;
  ContextParams params;
};

// Every token is there, once.
void expect_whole(const Context& context, std::size_t count) {
  DecodeParams all;
  all.budget = Budget{};
  all.budget->k = 100000;
  EXPECT_LE(output_error(text().decode(context, 1, 17, all), text().full(1, 17, count)), rounding);
}

TEST(ContextBackgroundBuild, EndsAsABuildAtOnce) {
  for (const HeadKind kind : {HeadKind::graph, HeadKind::scan4, HeadKind::flat, HeadKind::automatic}) {
    Context at_once(text().shape(), params_of(kind));
    text().build(at_once, prefill);
    for (const std::uint32_t threads : {0U, 1U, 3U}) {
      Context later(text().shape(), in_background(kind, threads));
      text().build(later, prefill);
      later.wait_for_builds();
      EXPECT_EQ(later.build_progress().heads, 0U);
      expect_same(later, at_once);
      expect_same_files(later, at_once);
    }
  }
}

TEST(ContextBackgroundBuild, OverPagesEndsAsABuildAtOnce) {
  for (const HeadKind kind : {HeadKind::graph, HeadKind::scan4}) {
    PagedText pages(text(), 16, all_tokens);
    pages.write(text(), 0, prefill);
    Context at_once(text().shape(), params_of(kind));
    pages.build(at_once, prefill);
    Context later(text().shape(), in_background(kind));
    pages.build(later, prefill);
    later.wait_for_builds();
    expect_same(later, at_once);
    expect_same_files(later, at_once);
  }
}

TEST(ContextBackgroundBuild, WithoutQueriesEndsAsABuildAtOnce) {
  Context at_once(text().shape(), params_of(HeadKind::graph));
  text().build(at_once, prefill, false);
  Context later(text().shape(), in_background(HeadKind::graph));
  text().build(later, prefill, false);
  later.wait_for_builds();
  expect_same(later, at_once);
}

TEST(ContextBackgroundBuild, UntilThenHeadsAreSearchedByCodesWithoutClusters) {
  Gated gated;
  Context later(text().shape(), gated.params);
  text().build(later, prefill);
  EXPECT_EQ(later.build_progress().heads, 4U);
  ContextParams codes = params_of(HeadKind::scan4);
  codes.clusters = 0;
  Context scan4(text().shape(), codes);
  text().build(scan4, prefill, false);
  for (std::size_t count = prefill; count < 800; count += 100) {
    for (const std::size_t asked : {3U, 200U, 499U}) {
      const Attended found = text().decode(later, 1, asked);
      EXPECT_EQ(found.output, text().decode(scan4, 1, asked).output);
    }
    for (const HeadReport& head : later.report()) {
      EXPECT_TRUE(head.building);
      EXPECT_EQ(head.kind, "scan4");
    }
    expect_whole(later, count);
    text().append(later, count, 100);
    text().append(scan4, count, 100);
  }
  gated.gate.open_gate();
  later.wait_for_builds();
  EXPECT_GT(later.build_progress().seconds, 0);
  for (const HeadReport& head : later.report()) {
    EXPECT_EQ(head.kind, "graph") << head.reason;
    EXPECT_EQ(head.base_tokens, prefill - 40);
    EXPECT_EQ(head.unsealed_tokens, 332U);
  }
  expect_whole(later, 800);
  Context at_once(text().shape(), params_of(HeadKind::graph));
  text().build(at_once, prefill);
  text().append(at_once, prefill, 300);
  later.seal(0);
  at_once.seal(0);
  EXPECT_EQ(later.report()[1].sealed_tokens, at_once.report()[1].sealed_tokens);
}

TEST(ContextBackgroundBuild, SealsWaitForIt) {
  ContextParams params = in_background(HeadKind::graph);
  params.seal_after = 64;
  Context context(text().shape(), params);
  text().build(context, prefill);
  text().append(context, prefill, 300);
  context.seal(1);
  for (const HeadReport& head : context.report()) {
    if (head.layer == 1) {
      EXPECT_EQ(head.unsealed_tokens, 32U);
      EXPECT_EQ(head.kind, "graph");
    }
  }
  expect_whole(context, 800);
}

TEST(ContextBackgroundBuild, ACutBehindThePrefillLeavesItGoing) {
  for (const bool paged : {false, true}) {
    Gated gated;
    PagedText pages(text(), 16, all_tokens);
    Context context(text().shape(), gated.params);
    if (paged) {
      pages.write(text(), 0, prefill);
      pages.build(context, prefill);
      pages.append(context, prefill, 100);
    } else {
      text().build(context, prefill);
      text().append(context, prefill, 100);
    }
    context.truncate(prefill + 10);
    EXPECT_EQ(context.build_progress().heads, 4U);
    expect_whole(context, prefill + 10);
    gated.gate.open_gate();
    context.wait_for_builds();
    for (const HeadReport& head : context.report()) EXPECT_EQ(head.kind, "graph");
    expect_whole(context, prefill + 10);
  }
}

TEST(ContextBackgroundBuild, ACutOfThePrefillDropsItAndASealPromotes) {
  for (const bool paged : {false, true}) {
    for (const std::size_t kept : {499U, 300U, 20U, 0U}) {
      Gated gated;
      PagedText pages(text(), 16, all_tokens);
      pages.write(text(), 0, prefill);
      Context context(text().shape(), gated.params);
      if (paged) {
        pages.build(context, prefill);
      } else {
        text().build(context, prefill);
      }
      gated.gate.open_gate();  // a build may be done before the cut
      context.truncate(kept);
      EXPECT_EQ(context.build_progress().heads, 0U);
      if (paged) {
        pages.append(context, kept, 400);
      } else {
        text().append(context, kept, 400);
      }
      expect_whole(context, kept + 400);
      context.rebuild(0);
      context.rebuild(1);
      for (const HeadReport& head : context.report()) {
        EXPECT_EQ(head.kind, "graph") << head.reason;
        EXPECT_EQ(head.base_tokens, kept + 400 - 40);
      }
      expect_whole(context, kept + 400);
    }
  }
}

TEST(ContextBackgroundBuild, ADroppedHeadIsPromotedByTheNextAutomaticSeal) {
  Gated gated;
  gated.params.background_seal = false;
  gated.params.seal_after = 1000;
  Context context(text().shape(), gated.params);
  text().build(context, prefill);
  gated.gate.failing = true;
  gated.gate.open_gate();
  EXPECT_THROW(context.wait_for_builds(), std::runtime_error);
  EXPECT_EQ(context.build_progress().heads, 0U);
  EXPECT_EQ(context.report()[0].kind, "scan4");
  expect_whole(context, prefill);
  EXPECT_THROW(text().append(context, prefill, 1), std::runtime_error);  // the other layer's
  gated.gate.failing = false;
  text().append(context, prefill, 1);
  for (const HeadReport& head : context.report()) {
    EXPECT_EQ(head.kind, "graph") << head.reason;
    EXPECT_EQ(head.base_tokens, prefill + 1 - 40);
  }
}

TEST(ContextBackgroundBuild, AForkGoesOnAndEveryHeadIsBuiltOnce) {
  Gated gated;
  Context context(text().shape(), gated.params);
  text().build(context, prefill);
  Context fork = context.fork();
  Context of_fork = fork.fork();
  EXPECT_EQ(fork.build_progress().heads, 4U);
  text().append(fork, prefill, 50);
  of_fork.truncate(100);  // drops its own alone
  gated.gate.open_gate();
  fork.wait_for_builds();
  context.wait_for_builds();
  EXPECT_EQ(gated.gate.calls, 8U);  // query heads
  for (const HeadReport& head : fork.report()) EXPECT_EQ(head.kind, "graph");
  Context at_once(text().shape(), params_of(HeadKind::graph));
  text().build(at_once, prefill);
  expect_same(context, at_once);
  text().append(at_once, prefill, 50);
  EXPECT_EQ(text().decode(fork, 0, 9).output, text().decode(at_once, 0, 9).output);
  expect_whole(of_fork, 100);
}

TEST(ContextBackgroundBuild, AForkBuildsWhatItsOriginLeaves) {
  Gated gated;
  auto context = std::make_unique<Context>(text().shape(), gated.params);
  text().build(*context, prefill);
  Context fork = context->fork();
  gated.gate.open_gate();
  context.reset();
  fork.wait_for_builds();
  Context at_once(text().shape(), params_of(HeadKind::graph));
  text().build(at_once, prefill);
  expect_same_files(fork, at_once);
}

TEST(ContextBackgroundBuild, DestroyedInvalidatedAndMovedMeanwhile) {
  for (int i = 0; i < 10; ++i) {
    Context context(text().shape(), in_background(HeadKind::graph, 1 + i % 3));
    text().build(context, prefill);
    Context moved = std::move(context);
    text().append(moved, prefill, 20);
    if (i % 2 == 0) continue;
    moved.invalidate();
    EXPECT_EQ(moved.build_progress().heads, 0U);
    text().build(moved, 300);
    moved.wait_for_builds();
    expect_whole(moved, 300);
  }
}

TEST(ContextBackgroundBuild, AMemoryLimitHoldsMeanwhileAndAfterwards) {
  ContextParams params = params_of(HeadKind::graph);
  params.seal_after = 64;
  Context free_one(text().shape(), params);
  text().build(free_one, prefill);
  for (const double share : {4.0, 1.5, 1.2}) {
    const auto limit = static_cast<std::size_t>(share * static_cast<double>(free_one.memory().total()));
    ContextParams limited = params;
    limited.memory_limit = limit;
    Context at_once(text().shape(), limited);
    Gated gated;
    limited.background_build = true;
    limited.exact = &gated.gate;
    Context later(text().shape(), limited);
    try {
      text().build(at_once, prefill);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::no_memory);
      EXPECT_THROW(text().build(later, prefill), Error);
      continue;
    }
    text().build(later, prefill);
    EXPECT_LE(later.memory().total(), limit);
    text().append(later, prefill, 60);
    EXPECT_LE(later.memory().total(), limit);
    gated.gate.open_gate();
    later.wait_for_builds();
    EXPECT_LE(later.memory().total(), limit);
    text().append(at_once, prefill, 60);
    for (std::size_t head = 0; head < 4; ++head) {
      EXPECT_EQ(later.report()[head].kind, at_once.report()[head].kind);
      EXPECT_EQ(later.report()[head].base_tokens, at_once.report()[head].base_tokens);
    }
    expect_whole(later, prefill + 60);
  }
}

TEST(ContextBackgroundBuild, NothingWaitsWhereThereIsNothingToBuild) {
  for (const std::size_t tokens : {std::size_t{0}, std::size_t{5}, std::size_t{40}}) {
    Context context(text().shape(), in_background(HeadKind::graph));
    text().build(context, tokens);
    EXPECT_EQ(context.build_progress().heads, 0U);
    text().append(context, tokens, 100);
    expect_whole(context, tokens + 100);
  }
}

}  // namespace
}  // namespace rattan::test
