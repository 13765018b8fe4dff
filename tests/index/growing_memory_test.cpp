// What a search of a growing index allocates: nothing once its scratch has grown, while keys are appended and sealed.
#include <gtest/gtest.h>

#include "index/growing_index.h"
#include "tests/index/growing_cases.h"
#include "tests/support/allocations.h"
#include "tests/support/matrices.h"

namespace rattan {
namespace {

TEST(GrowingMemory, SearchesAllocateNothingOnceWarm) {
  for (const char* kind : {"flat", "scan4", "graph"}) {
    const SharedMatrix keys = test::random_matrix(6000, 32, 1, DType::bf16);
    const SharedMatrix queries = test::random_matrix(400, 32, 2);
    GrowingIndex index(test::grown_base(kind, keys, 3000), test::growth_params(6000));
    const test::ScratchPointer scratch = GrowingIndex::make_scratch();
    SearchParams params;
    params.k = 50;
    params.candidate_range.begin = 10;
    const auto step = [&](std::size_t i) {
      return index.search(queries.view.slice(i % 100 * 4, 4), params, *scratch).keys_scored;
    };
    index.append(keys.view.slice(3000, 600));
    for (std::size_t i = 0; i < 3; ++i) step(i);
    for (std::size_t i = 3, size = 3600; size < 6000; ++i, size += 20) {
      index.append(keys.view.slice(size, 20));
      if (i % 30 == 0) index.seal(size - 100, serial_executor());
      const std::size_t before = test::thread_allocations();
      EXPECT_GT(step(i), 0U);
      EXPECT_EQ(test::thread_allocations(), before) << kind << ", step " << i;
    }
  }
}

}  // namespace
}  // namespace rattan
