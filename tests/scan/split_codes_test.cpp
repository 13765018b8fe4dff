#include "scan/split_codes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "scan/code_scan.h"
#include "scan/code_scorer.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan {
namespace {

constexpr std::size_t rows = 90;
constexpr std::size_t base_rows = 37;  // no whole number of blocks
constexpr std::size_t dim = 70;

// Codes of a base and, behind it, of two parts as they are sealed, which lie elsewhere and are wider.
struct TwoPlaces {
  SharedMatrix keys = drifting_keys();
  KeyCodes base;
  AlignedVector<std::byte> grown;
  std::vector<CodePart> parts;

  explicit TwoPlaces(CodeLayout layout) : base(keys.view.slice(0, base_rows), layout, serial_executor()) {
    grown.resize(64 * base.row_bytes());
    parts.push_back(base.encode(keys.view.slice(base_rows, 16), 0, grown.data(), serial_executor()));
    parts.push_back(
        base.encode(keys.view.slice(base_rows + 16, rows - base_rows - 16), 16, grown.data(), serial_executor()));
  }
  SplitCodes split() const { return {base, grown.data(), parts}; }

  static SharedMatrix drifting_keys() {
    const SharedMatrix keys = test::random_matrix(rows, dim, 1);
    for (std::size_t row = base_rows; row < rows; ++row) {
      for (std::size_t c = 0; c < dim; ++c) {
        test::set_element(keys, row, c, static_cast<float>(3 * test::element(keys.view, row, c) + 20));
      }
    }
    return keys;
  }
};

TEST(SplitCodes, RowsAndPartsAreThoseOfBothPlaces) {
  for (const CodeLayout layout : {CodeLayout::rows4, CodeLayout::rows8}) {
    const TwoPlaces made(layout);
    const SplitCodes split = made.split();
    ASSERT_EQ(split.rows(), rows);
    ASSERT_EQ(split.parts(), 3U);
    const std::size_t ends[] = {base_rows, base_rows + 16, rows};
    for (std::size_t part = 0; part < 3; ++part) {
      EXPECT_EQ(split.begin(part), part == 0 ? 0 : ends[part - 1]);
      EXPECT_EQ(split.end(part), ends[part]);
    }
    for (KeyId key = 0; key < rows; ++key) {
      const auto part = static_cast<std::size_t>(std::ranges::upper_bound(ends, key) - ends);
      EXPECT_EQ(split.part_of(key), part);
      const std::byte* const grown =
          made.grown.data() + (key - std::min<std::size_t>(key, base_rows)) * split.row_bytes();
      EXPECT_EQ(split.row(key), key < base_rows ? made.base.row(key) : grown);
    }
    const SplitCodes alone(made.base);
    EXPECT_EQ(alone.rows(), base_rows);
    EXPECT_EQ(alone.parts(), 1U);
    EXPECT_EQ(alone.row(3), made.base.row(3));
  }
}

// Scores of all parts in one unit, less the same offset, within the rounding of codes and queries.
TEST(SplitCodes, ScoresOfAllPartsAreComparable) {
  const TwoPlaces made(CodeLayout::rows8);
  const SharedMatrix queries = test::random_matrix(3, dim, 2);
  PreparedCodeQueries prepared;
  prepared.prepare(queries.view, made.split(), simd::kernels());
  const std::vector<KeyId> ids = test::all_ids(rows);
  std::vector<const void*> scratch;
  std::vector<float> found(3 * rows);
  CodeScorer(made.split()).score(prepared, ids, scratch, found.data(), rows);
  for (std::size_t q = 0; q < 3; ++q) {
    double offset = 0;
    for (std::size_t c = 0; c < dim; ++c) {
      offset += test::element(queries.view, q, c) * double{made.base.parts()[0].lowest[c]};
    }
    for (std::size_t key = 0; key < rows; ++key) {
      const double score = double{prepared.scale(q)} * double{found[q * rows + key]} + offset;
      EXPECT_NEAR(score, test::reference_score(queries.view, q, made.keys.view, key), 0.7);
      EXPECT_GE(found[q * rows + key], prepared.lowest(q));
      EXPECT_LE(found[q * rows + key], prepared.highest(q));
    }
  }
}

TEST(SplitCodes, AScanSeesEveryRowOfBothPlacesOnce) {
  const TwoPlaces blocks(CodeLayout::blocks4);
  const TwoPlaces lines(CodeLayout::rows4);
  const SharedMatrix queries = test::random_matrix(2, dim, 3);
  const CodeScorer scanner(blocks.split());
  const CodeScorer scorer(lines.split());
  PreparedCodeQueries prepared;
  scanner.prepare(queries.view, prepared);
  for (const IdRange range : {IdRange{0, 90}, IdRange{0, 37}, IdRange{36, 38}, IdRange{50, 70}, IdRange{5, 89}}) {
    std::vector<BucketBeam> beams(2);
    for (std::size_t q = 0; q < 2; ++q) beams[q].reset(rows, prepared.lowest(q), prepared.highest(q));
    CodeScanScratch scratch;
    code_scan(scanner, prepared, range, beams, scratch);
    std::vector<KeyId> ids;
    for (KeyId id = range.begin; id < range.end; ++id) ids.push_back(id);
    std::vector<const void*> pointers;
    std::vector<float> scores(2 * ids.size());
    scorer.score(prepared, ids, pointers, scores.data(), ids.size());
    for (std::size_t q = 0; q < 2; ++q) {
      std::vector<Neighbor> kept;
      beams[q].each_kept([&](const Neighbor& neighbor) { kept.push_back(neighbor); });
      ASSERT_EQ(kept.size(), ids.size());
      for (std::size_t i = 0; i < ids.size(); ++i) {
        EXPECT_EQ(kept[i], (Neighbor{scores[q * ids.size() + i], ids[i]})) << range.begin << ' ' << range.end;
      }
    }
  }
}

// A beam that turns most keys away keeps what one over the single scores keeps, and in the same order.
TEST(SplitCodes, AScanMissesNoKeyThatABeamWouldKeep) {
  const SharedMatrix keys = test::random_matrix(20000, dim, 4);
  for (std::size_t row = 0; row < keys.view.rows; ++row) {
    test::set_element(keys, row, row % dim, static_cast<float>(row) / 1000);
  }
  const KeyCodes blocks(keys.view, CodeLayout::blocks4, serial_executor());
  ASSERT_GT(SplitCodes(blocks).parts(), 3U);
  const SharedMatrix queries = test::random_matrix(3, dim, 5);
  const CodeScorer scanner{SplitCodes(blocks)};
  PreparedCodeQueries prepared;
  scanner.prepare(queries.view, prepared);
  const auto beams_of = [&](std::size_t width) {
    std::vector<BucketBeam> beams(3);
    for (std::size_t q = 0; q < 3; ++q) beams[q].reset(width, prepared.lowest(q), prepared.highest(q));
    return beams;
  };
  CodeScanScratch scratch;
  std::vector<BucketBeam> all = beams_of(keys.view.rows);
  code_scan(scanner, prepared, {}, all, scratch);
  std::vector<BucketBeam> few = beams_of(100);
  code_scan(scanner, prepared, {}, few, scratch);
  std::vector<BucketBeam> expected = beams_of(100);
  for (std::size_t q = 0; q < 3; ++q) {
    all[q].each_kept([&](const Neighbor& neighbor) { expected[q].insert(neighbor.score, neighbor.id); });
    std::vector<Neighbor> kept;
    few[q].copy_kept(kept);
    std::vector<Neighbor> wanted;
    expected[q].copy_kept(wanted);
    EXPECT_EQ(kept, wanted);
    EXPECT_GE(kept.size(), 100U);
    EXPECT_LT(kept.size(), 200U);
  }
}

// Also where rounding is coarse beside what parts differ by.
TEST(SplitCodes, NoRawScoreOfAKeptScoreLiesBelowItsBound) {
  for (const float factor : {1.0F, 0.37F, 3.1F, 1e-3F, 1e6F, 1e-20F, 1e30F}) {
    for (const float shift : {0.0F, 1e3F, -7e5F, 1e20F, -1e30F}) {
      const PreparedCodeQueries::Conversion by{factor, shift};
      for (int raw = -40000; raw <= 40000; raw += 997) {
        const float score = by.score(static_cast<float>(raw));
        EXPECT_LE(by.raw_bound(score), static_cast<float>(raw)) << factor << ' ' << shift;
      }
    }
  }
}

TEST(SplitCodes, OutliersOfAllPartsAreNamedByTheirIds) {
  const SharedMatrix keys = test::random_matrix(400, dim, 1);
  test::set_element(keys, 3, 0, 1000);
  test::set_element(keys, 250, 1, 1000);
  test::set_element(keys, 399, 2, -1000);
  const KeyCodes base(keys.view.slice(0, 200), CodeLayout::rows4, serial_executor());
  AlignedVector<std::byte> grown(200 * base.row_bytes());
  const CodePart parts[] = {base.encode(keys.view.slice(200, 200), 0, grown.data(), serial_executor())};
  const SplitCodes split(base, grown.data(), parts);
  EXPECT_EQ(split.outliers(), 3U);
  const auto named = [&](IdRange range) {
    std::vector<KeyId> ids;
    split.each_outlier(range, [&](KeyId id) { ids.push_back(id); });
    return ids;
  };
  EXPECT_EQ(named({}), (std::vector<KeyId>{3, 250, 399}));
  EXPECT_EQ(named({4, 399}), (std::vector<KeyId>{250}));
}

}  // namespace
}  // namespace rattan
