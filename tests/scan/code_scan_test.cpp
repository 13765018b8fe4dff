#include "scan/code_scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/support/matrices.h"

namespace rattan {
namespace {

// Every range, also where it begins or ends inside a block: what a beam over the single scores keeps.
TEST(CodeScan, InsertsEveryKeyOfTheRangeOnceForEveryQuery) {
  for (const std::size_t dim : {1U, 64U, 70U, 128U}) {
    const SharedMatrix keys = test::random_matrix(1101, dim, 1, DType::f16);
    const SharedMatrix queries = test::random_matrix(5, dim, 2);
    const KeyCodes blocks(keys.view, CodeLayout::blocks4, serial_executor());
    const KeyCodes rows(keys.view, CodeLayout::rows4, serial_executor());
    for (const simd::Kernels* kernels : simd::runnable_kernels()) {
      const CodeScorer scanner(blocks, *kernels);
      const CodeScorer scorer(rows, *kernels);
      PreparedCodeQueries prepared;
      scanner.prepare(queries.view, prepared);
      CodeScanScratch scratch;
      for (const IdRange range : {IdRange{0, no_key}, IdRange{0, 16}, IdRange{5, 900}, IdRange{17, 18},
                                  IdRange{1100, 1101}, IdRange{513, 1040}, IdRange{40, 40}, IdRange{2000, 3000}}) {
        SCOPED_TRACE(testing::Message() << kernels->name << " dim " << dim << " keys " << range.begin << " to "
                                        << range.end);
        std::vector<BucketBeam> beams(5);
        for (std::size_t q = 0; q < 5; ++q) beams[q].reset(5000, prepared.lowest(q), prepared.highest(q));
        code_scan(scanner, prepared, range, beams, scratch);
        std::vector<KeyId> ids;
        for (KeyId key = range.begin; key < std::min<KeyId>(range.end, 1101); ++key) ids.push_back(key);
        std::vector<const void*> pointers;
        std::vector<float> scores(5 * ids.size());
        scorer.score(prepared, ids, pointers, scores.data(), ids.size());
        for (std::size_t q = 0; q < 5; ++q) {
          std::vector<Neighbor> found;
          beams[q].each_kept([&](const Neighbor& neighbor) { found.push_back(neighbor); });
          ASSERT_EQ(found.size(), ids.size());
          for (std::size_t i = 0; i < ids.size(); ++i) {
            ASSERT_EQ(found[i], (Neighbor{scores[q * ids.size() + i], ids[i]}));
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace rattan
