#include "context/pending_build.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "tests/context/gated_topk.h"
#include "tests/context/synthetic_head.h"
#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

struct Pending {
  explicit Pending(std::size_t rows)
      : head(HeadKind::graph, rows),
        queries(random_matrix(rows, head.keys.view.cols, 9)),
        views{queries.view},
        build({views, {}}, 1, head.params, {}, false) {}
  std::shared_ptr<const HeadIndex> result(const ExactTopK* exact, const std::atomic<bool>& stopping) {
    Stoppable executor(stopping);
    return build.result(
        [&] {
          return HeadRows{test::checked(head.keys), test::checked(head.values)};
        },
        executor, exact);
  }
  SyntheticHead head;
  SharedMatrix queries;
  std::vector<MatrixView> views;
  PendingBuild build;
};

TEST(PendingBuild, IsBuiltOnceForAllWhoAsk) {
  Pending pending(400);
  GatedTopK gate;
  const std::atomic<bool> never{false};
  std::shared_ptr<const HeadIndex> first;
  std::jthread other([&] { first = pending.result(&gate, never); });
  while (gate.calls == 0) std::this_thread::yield();
  gate.open_gate();
  const auto second = pending.result(&gate, never);
  other.join();
  EXPECT_EQ(first, second);
  EXPECT_EQ(gate.calls, 1U);
  EXPECT_EQ(first->choice.kind, HeadKind::graph);
}

TEST(PendingBuild, IsBuiltByTheNextWhereOneWasStoppedOrFailed) {
  Pending pending(400);
  const std::atomic<bool> now{true};
  const std::atomic<bool> never{false};
  EXPECT_THROW(pending.result(nullptr, now), Stopped);
  GatedTopK gate;
  gate.failing = true;
  gate.open_gate();
  EXPECT_THROW(pending.result(&gate, never), std::runtime_error);
  EXPECT_EQ(pending.result(nullptr, never)->indexed(), 960U);
}

TEST(PendingBuild, WhoWaitsForAnotherMayBeStopped) {
  Pending pending(400);
  GatedTopK gate;
  const std::atomic<bool> never{false};
  std::atomic<bool> stopping{false};
  std::jthread other([&] { pending.result(&gate, never); });
  while (gate.calls == 0) std::this_thread::yield();
  std::jthread stopper([&] { stopping = true; });
  EXPECT_THROW(pending.result(&gate, stopping), Stopped);
  gate.open_gate();
}

}  // namespace
}  // namespace rattan::test
