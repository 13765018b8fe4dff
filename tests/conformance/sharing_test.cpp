// One index, many callers; one build, many threads.
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "kinds.h"
#include "tests/support/files.h"
#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

constexpr std::size_t dim = 16;

class Sharing : public EveryKind {};

// FAULTS F5-F7: more callers than cores, different parameters at once, no shared counters.
TEST_P(Sharing, F5_F6_F7_CallersDoNotDisturbEachOther) {
  const auto index = build(random_matrix(400, dim, 1, DType::f16), Metric::inner_product, &serial_executor());
  const SharedMatrix queries = random_matrix(16, dim, 2);
  constexpr std::size_t callers = 8;
  const auto params_of = [](std::size_t caller) {
    SearchParams params;
    params.k = static_cast<std::uint32_t>(5 + caller);
    params.group = caller % 2 == 0 ? 4 : 1;
    params.beam_width = static_cast<std::uint32_t>(10 + 3 * caller);
    params.probes = static_cast<std::uint32_t>(1 + caller);
    params.executor = &serial_executor();
    return params;
  };
  std::vector<NeighborTable> expected;
  for (std::size_t caller = 0; caller < callers; ++caller) {
    expected.push_back(index->search(queries.view, params_of(caller)));
  }

  std::vector<int> wrong(callers, 0);
  std::vector<std::thread> threads;
  for (std::size_t caller = 0; caller < callers; ++caller) {
    threads.emplace_back([&, caller] {
      for (int round = 0; round < 20; ++round) {
        const NeighborTable found = index->search(queries.view, params_of(caller));
        const bool same =
            found == expected[caller] && found.stats[0].keys_scored == expected[caller].stats[0].keys_scored;
        if (!same) ++wrong[caller];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(callers, 0));
}

// FAULTS G12: byte-identical for any number of build threads; kinds that do not promise it are built by one.
// FAULTS F2: workers of one build lose no edge to each other, as the bytes are those of one worker.
TEST_P(Sharing, F2_G12_BuildsAreReproducible) {
  if (GetParam().timed) GTEST_SKIP() << "what the build measured is in the file";
  const SharedMatrix keys = random_matrix(500, dim, 1, DType::f16);
  const TempDirectory directory;
  const auto saved = [&](Executor* executor) {
    build(keys, Metric::inner_product, executor)->save(directory / "index");
    return read_file(directory / "index");
  };
  const std::string expected = saved(&serial_executor());
  EXPECT_EQ(saved(&serial_executor()), expected);
  if (!GetParam().same_bytes) return;
  for (const unsigned threads : {2U, 3U, 4U}) {
    const auto executor = make_openmp_executor(threads);
    EXPECT_EQ(saved(executor.get()), expected) << threads;
  }
}

RATTAN_FOR_EVERY_KIND(Sharing);

}  // namespace
}  // namespace rattan::test
