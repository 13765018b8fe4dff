#include "scan/split_codes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "scan/code_scan.h"
#include "scan/code_scorer.h"
#include "tests/support/matrices.h"

namespace rattan {
namespace {

constexpr std::size_t rows = 90;
constexpr std::size_t base_rows = 37;  // no whole number of blocks
constexpr std::size_t dim = 70;

// Codes of all rows with the ranges of the first ones: in one place, and in two.
struct TwoPlaces {
  SharedMatrix keys = test::random_matrix(rows, dim, 1);
  KeyCodes base;
  KeyCodes whole;
  AlignedVector<std::byte> grown;

  explicit TwoPlaces(CodeLayout layout) : base(keys.view.slice(0, base_rows), layout, serial_executor()), whole(base) {
    whole.append(keys.view.slice(base_rows, rows - base_rows), serial_executor());
    grown.resize(64 * base.row_bytes());
    // In two parts, as blocks are sealed.
    base.encode(keys.view.slice(base_rows, 16), 0, grown.data(), serial_executor());
    base.encode(keys.view.slice(base_rows + 16, rows - base_rows - 16), 16, grown.data(), serial_executor());
  }
  SplitCodes split() const { return {base, grown.data(), rows - base_rows}; }
};

TEST(SplitCodes, RowsAreThoseOfOnePlace) {
  for (const CodeLayout layout : {CodeLayout::rows4, CodeLayout::rows8}) {
    const TwoPlaces made(layout);
    const SplitCodes split = made.split();
    ASSERT_EQ(split.rows(), rows);
    for (KeyId key = 0; key < rows; ++key) {
      EXPECT_TRUE(std::equal(split.row(key), split.row(key) + split.row_bytes(), made.whole.row(key))) << key;
    }
    const SplitCodes alone(made.base);
    EXPECT_EQ(alone.rows(), base_rows);
    EXPECT_EQ(alone.row(3), made.base.row(3));
  }
}

TEST(SplitCodes, ScoresAreThoseOfOnePlace) {
  const TwoPlaces made(CodeLayout::rows4);
  const SharedMatrix queries = test::random_matrix(3, dim, 2);
  PreparedCodeQueries prepared;
  prepared.prepare(queries.view, made.base, simd::kernels());
  std::vector<KeyId> ids(rows);
  for (KeyId id = 0; id < rows; ++id) ids[id] = id;
  std::vector<const void*> scratch;
  std::vector<float> found(3 * rows);
  std::vector<float> wanted(3 * rows);
  CodeScorer(made.split()).score(prepared, ids, scratch, found.data(), rows);
  CodeScorer(made.whole).score(prepared, ids, scratch, wanted.data(), rows);
  EXPECT_EQ(found, wanted);
}

TEST(SplitCodes, AScanSeesEveryRowOfBothPlacesOnce) {
  const TwoPlaces made(CodeLayout::blocks4);
  const SharedMatrix queries = test::random_matrix(2, dim, 3);
  const CodeScorer split(made.split());
  const CodeScorer whole(made.whole);
  PreparedCodeQueries prepared;
  split.prepare(queries.view, prepared);
  const auto scan = [&](const CodeScorer& scorer, IdRange range) {
    std::vector<BucketBeam> beams(2);
    for (std::size_t q = 0; q < 2; ++q) beams[q].reset(rows, prepared.lowest(q), prepared.highest(q));
    CodeScanScratch scratch;
    code_scan(scorer, prepared, range, beams, scratch);
    std::vector<Neighbor> kept;
    for (const BucketBeam& beam : beams) beam.each_kept([&](const Neighbor& neighbor) { kept.push_back(neighbor); });
    return kept;
  };
  for (const IdRange range : {IdRange{}, IdRange{0, 37}, IdRange{36, 38}, IdRange{50, 70}, IdRange{5, 89}}) {
    EXPECT_EQ(scan(split, range), scan(whole, range)) << range.begin << ' ' << range.end;
  }
}

}  // namespace
}  // namespace rattan
