#include "attention/range_part.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "rattan/attention.h"
#include "tests/support/allocations.h"
#include "tests/support/errors.h"
#include "tests/support/matrices.h"
#include "tests/support/reference.h"

namespace rattan::test {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

class Parts {
 public:
  Parts(std::size_t rows, std::size_t dim) : outputs_(rows * dim, 77.0F) {
    for (std::size_t row = 0; row < rows; ++row) parts_.push_back({std::span(outputs_).subspan(row * dim, dim), 77.0F});
  }
  std::span<AttentionPart> all() { return parts_; }
  const AttentionPart& operator[](std::size_t row) const { return parts_[row]; }

 private:
  std::vector<float> outputs_;
  std::vector<AttentionPart> parts_;
};

std::vector<KeyId> ids_of(IdRange range) {
  std::vector<KeyId> ids;
  for (KeyId id = range.begin; id < range.end; ++id) ids.push_back(id);
  return ids;
}

void expect_part(const AttentionPart& part, const ReferenceAttention& truth, double tolerance) {
  for (std::size_t c = 0; c < truth.output.size(); ++c) ASSERT_NEAR(part.output[c], truth.output[c], tolerance) << c;
  ASSERT_NEAR(part.lse, truth.lse, tolerance);
}

TEST(AttendRange, IsSoftmaxOfEveryDtypeAndGroup) {
  AttentionScratch scratch;
  for (const DType dtype : all_dtypes) {
    for (std::size_t rows = 1; rows <= 8; ++rows) {
      const SharedMatrix queries = random_matrix(rows, 37, rows, dtype);
      const SharedMatrix keys = random_matrix(700, 37, 2, dtype, 40);
      const SharedMatrix values = random_matrix(700, 21, 3, dtype, 21);
      const IdRange range{static_cast<KeyId>(rows * 17), static_cast<KeyId>(rows * 17 + rows * 70)};
      Parts parts(rows, 21);
      attend_range(queries.view, keys.view, values.view, range, 0.4, parts.all(), scratch);
      for (std::size_t row = 0; row < rows; ++row) {
        expect_part(parts[row], reference_attention(queries.view, row, keys.view, values.view, ids_of(range), 0.4),
                    1e-5);
      }
    }
  }
}

// Defect: bf16 keys were multiplied with queries rounded to bf16, and outputs erred by half a percent.
TEST(AttendRange, StaysWithinItsBoundForEveryTypeBecauseQueriesAreNotRounded) {
  constexpr std::size_t keys_count = 3000;
  constexpr std::size_t dim = 128;
  constexpr double scale = 0.3;
  AttentionScratch scratch;
  for (const DType dtype : all_dtypes) {
    const SharedMatrix queries = random_matrix(6, dim, 1);
    const SharedMatrix keys = random_matrix(keys_count, dim, 2, dtype);
    const SharedMatrix values = random_matrix(keys_count, 32, 3, dtype);
    Parts parts(6, 32);
    attend_range(queries.view, keys.view, values.view, {}, scale, parts.all(), scratch);
    for (std::size_t row = 0; row < 6; ++row) {
      double most = 0;
      for (std::size_t key = 0; key < keys_count; ++key) {
        double magnitude = 0;
        for (std::size_t c = 0; c < dim; ++c) {
          magnitude += std::abs(element(queries.view, row, c) * element(keys.view, key, c));
        }
        most = std::max(most, magnitude);
      }
      const double e = 2 * dim * 0x1p-24 * scale * most;
      const auto truth = reference_attention(queries.view, row, keys.view, values.view, all_ids(keys_count), scale);
      ASSERT_NEAR(parts[row].lse, truth.lse, e + 0x1p-20 * (1 + std::abs(truth.lse)));
      for (std::size_t c = 0; c < 32; ++c) {
        ASSERT_NEAR(parts[row].output[c], truth.output[c], (2 * e + (keys_count / 256.0 + 256) * 0x1p-23) * 5);
        ASSERT_NEAR(parts[row].output[c], truth.output[c], 1e-5);
      }
    }
  }
}

TEST(AttendRange, MergedPartsOfAnyPartitionAreTheWhole) {
  const SharedMatrix queries = random_matrix(3, 32, 1);
  const SharedMatrix keys = random_matrix(1000, 32, 2);
  const SharedMatrix values = random_matrix(1000, 16, 3);
  AttentionScratch scratch;
  const std::vector<std::vector<KeyId>> partitions = {
      {0, 1000}, {0, 1, 1000}, {0, 128, 488, 1000}, {0, 0, 500, 500, 999, 1000, 1000}, {0, 256, 512, 768, 1000}};
  for (const auto& borders : partitions) {
    Parts whole(3, 16);
    attend_range(queries.view, keys.view, values.view, {0, 0}, 1, whole.all(), scratch);
    for (std::size_t i = 0; i + 1 < borders.size(); ++i) {
      Parts some(3, 16);
      attend_range(queries.view, keys.view, values.view, {borders[i], borders[i + 1]}, 1, some.all(), scratch);
      for (std::size_t row = 0; row < 3; ++row) merge(whole.all()[row], some[row]);
    }
    for (std::size_t row = 0; row < 3; ++row) {
      expect_part(whole[row], reference_attention(queries.view, row, keys.view, values.view, all_ids(1000), 1), 1e-5);
    }
  }
}

TEST(AttendRange, FoundAndRangesTogetherAreTheWhole) {
  const SharedMatrix queries = random_matrix(1, 32, 1);
  const SharedMatrix keys = random_matrix(300, 32, 2);
  const SharedMatrix values = random_matrix(300, 16, 3);
  AttentionScratch scratch;
  Parts whole(1, 16);
  Parts last(1, 16);
  Parts found(1, 16);
  attend_range(queries.view, keys.view, values.view, {0, 100}, 1, whole.all(), scratch);
  attend_range(queries.view, keys.view, values.view, {200, no_key}, 1, last.all(), scratch);
  std::vector<float> scores;
  for (const KeyId id : ids_of({100, 200})) {
    scores.push_back(static_cast<float>(reference_score(queries.view, 0, keys.view, id)));
  }
  attend_found(values.view, ids_of({100, 200}), scores, 1, found.all()[0], scratch);
  merge(whole.all()[0], last[0]);
  merge(whole.all()[0], found[0]);
  expect_part(whole[0], reference_attention(queries.view, 0, keys.view, values.view, all_ids(300), 1), 1e-5);
}

TEST(AttendRange, NoKeysAndOneKey) {
  const SharedMatrix queries = random_matrix(2, 8, 1);
  const SharedMatrix keys = random_matrix(5, 8, 2);
  const SharedMatrix values = random_matrix(5, 4, 3);
  AttentionScratch scratch;
  for (const IdRange range : {IdRange{0, 0}, IdRange{3, 3}, IdRange{4, 2}, IdRange{5, 9}}) {
    Parts parts(2, 4);
    attend_range(queries.view, keys.view, values.view, range, 1, parts.all(), scratch);
    EXPECT_EQ(parts[1].lse, -infinity);
    EXPECT_EQ(parts[1].output[3], 0);
  }
  Parts parts(2, 4);
  attend_range(queries.view, keys.view, values.view, {4, 90}, 1, parts.all(), scratch);
  for (std::size_t c = 0; c < 4; ++c) EXPECT_EQ(parts[0].output[c], element(values.view, 4, c));
}

TEST(AttendRange, EqualKeysAndHugeLogits) {  // FAULTS D9
  std::vector<float> same(600, 500.0F);
  same[599] = -500.0F;
  const SharedMatrix keys = make_matrix(same, 600, 1);
  const SharedMatrix queries = make_matrix(std::vector<float>{500, -500, 0}, 3, 1);
  const SharedMatrix values = random_matrix(600, 5, 3);
  AttentionScratch scratch;
  Parts parts(3, 5);
  attend_range(queries.view, keys.view, values.view, {}, 1, parts.all(), scratch);
  const auto truth = reference_attention(queries.view, 0, keys.view, values.view, all_ids(600), 1);
  for (std::size_t c = 0; c < 5; ++c) EXPECT_NEAR(parts[0].output[c], truth.output[c], 1e-5);
  EXPECT_NEAR(parts[0].lse, 2.5e5 + std::log(599.0), 0.02);
  for (std::size_t c = 0; c < 5; ++c) EXPECT_NEAR(parts[1].output[c], element(values.view, 599, c), 1e-6);
  EXPECT_NEAR(parts[2].lse, std::log(600.0), 1e-6);
}

// Defect: output 0 and an lse of -infinity or NaN, without a word.
TEST(AttendRange, ScoresAndLogitsBeyondFp32AreRefused) {
  const SharedMatrix values = random_matrix(300, 5, 3);
  AttentionScratch scratch;
  const auto refused = [&](std::vector<float> keys, float query, double scale) {
    keys.resize(300, 1.0F);
    Parts parts(2, 5);
    expect_error(ErrorCode::invalid_argument, "query row ", [&] {
      attend_range(make_matrix(std::vector<float>{0, query}, 2, 1).view, make_matrix(keys, 300, 1).view, values.view,
                   {}, scale, parts.all(), scratch);
    });
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  refused({1e30F}, 1e30F, 1);                          // a score of +infinity
  refused(std::vector<float>(300, 1e30F), -1e30F, 1);  // all of -infinity
  refused({1e30F, nan}, 1, 1);
  refused(std::vector<float>(300, nan), 1, 1);
  refused({1e30F}, 1, 1e30);  // a logit of 1e60
  refused(std::vector<float>(300, -1e30F), 1, 1e30);
}

TEST(AttendRange, TheBestKeyWinsWhereLogitsAreFarApart) {
  std::vector<float> keys(300, -1e30F);
  keys[77] = 1e18F;
  const SharedMatrix values = random_matrix(300, 5, 3);
  AttentionScratch scratch;
  Parts parts(1, 5);
  attend_range(make_matrix(std::vector<float>{1e15F}, 1, 1).view, make_matrix(keys, 300, 1).view, values.view, {}, 1,
               parts.all(), scratch);
  for (std::size_t c = 0; c < 5; ++c) EXPECT_EQ(parts[0].output[c], element(values.view, 77, c));
  EXPECT_FLOAT_EQ(parts[0].lse, 1e33F);
}

// Rows that see less than others, whole blocks or parts of one, have the bits that they have alone.
TEST(AttendRange, RowsMaySeeLessThanOthers) {
  for (const DType dtype : all_dtypes) {
    const SharedMatrix queries = random_matrix(6, 40, 1);
    const SharedMatrix keys = random_matrix(1000, 40, 2, dtype);
    const SharedMatrix values = random_matrix(1000, 24, 3, dtype);
    AttentionScratch scratch;
    for (const double cap : {0.0, 3.0}) {
      const Logits logits(0.5, cap);
      for (const std::size_t begin : {0U, 7U}) {
        const std::vector<std::size_t> ends{7, 10, 263, 519, 520, 1000};
        Parts together(6, 24);
        attend_ranges(queries.view, keys.view, values.view, begin, ends, logits, together.all(), scratch);
        for (std::size_t row = 0; row < 6; ++row) {
          Parts alone(1, 24);
          attend_ranges(queries.view.slice(row, 1), keys.view, values.view, begin, std::span(ends).subspan(row, 1),
                        logits, alone.all(), scratch);
          EXPECT_EQ(together[row].lse, alone[0].lse) << row;
          EXPECT_TRUE(std::ranges::equal(together[row].output, alone[0].output)) << row;
        }
      }
    }
  }
}

TEST(AttendRange, BadShapesAreNamed) {
  const SharedMatrix queries = random_matrix(9, 8, 1);
  const SharedMatrix keys = random_matrix(5, 8, 2);
  const SharedMatrix values = random_matrix(4, 4, 3);
  AttentionScratch scratch;
  const auto refuses = [&](const char* name, MatrixView q, MatrixView k, std::size_t rows, std::size_t dim,
                           double scale) {
    Parts parts(rows, dim);
    expect_error(ErrorCode::invalid_argument, name, [&] {
      attend_range(q, k, values.view, {0, 4}, scale, parts.all(), scratch);
    });
  };
  refuses("queries", queries.view.slice(0, 0), keys.view, 0, 4, 1);
  refuses("keys", queries.view.slice(0, 1), random_matrix(5, 7, 2).view, 1, 4, 1);
  refuses("parts", queries.view.slice(0, 2), keys.view, 1, 4, 1);
  refuses("part.output", queries.view.slice(0, 1), keys.view, 1, 5, 1);
  for (const double scale : {-1.0, 0.0, 1e39, 1e-39, std::nan(""), HUGE_VAL}) {
    refuses("scale", queries.view.slice(0, 1), keys.view, 1, 4, scale);
  }
  Parts parts(1, 4);
  expect_error(ErrorCode::invalid_argument, "values",
               [&] { attend_range(queries.view.slice(0, 1), keys.view, values.view, {}, 1, parts.all(), scratch); });
}

TEST(AttendRange, AllocatesNothingOnceWarm) {
  for (const DType dtype : all_dtypes) {
    const SharedMatrix queries = random_matrix(8, 33, 1);
    const SharedMatrix keys = random_matrix(900, 33, 2, dtype);
    AttentionScratch scratch;
    Parts parts(8, 33);
    attend_range(queries.view, keys.view, keys.view, {}, 1, parts.all(), scratch);
    const std::size_t before = thread_allocations();
    attend_range(queries.view, keys.view, keys.view, {3, 800}, 1, parts.all(), scratch);
    attend_range(queries.view.slice(0, 2), keys.view, keys.view, {}, 1, parts.all().first(2), scratch);
    EXPECT_EQ(thread_allocations(), before);
  }
}

}  // namespace
}  // namespace rattan::test
