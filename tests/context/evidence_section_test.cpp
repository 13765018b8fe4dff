#include "context/evidence_section.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "storage/byte_writer.h"
#include "tests/support/errors.h"
#include "tests/support/files.h"
#include "tests/support/matrices.h"

namespace rattan::test {
namespace {

class EvidenceSection : public testing::Test {
 protected:
  EvidenceSection() {
    for (std::size_t h = 0; h < 2; ++h) rows_.push_back(heads_[h].view);
    evidence.add({rows_, {}});
  }
  Container written(const ContainerWriter& writer) const {
    writer.save(folder_ / "file");
    return Container::open(folder_ / "file");
  }
  Container saved(std::size_t tokens) const {
    ContainerWriter writer("kv_head");
    add_evidence(writer, evidence.copy(), tokens);
    return written(writer);
  }
  void expect_corrupt(const char* what, std::uint64_t count, std::uint64_t step, std::uint32_t heads,
                      std::uint32_t position, std::uint16_t value, std::size_t values) const {
    ByteWriter out;
    out.u64(count);
    out.u64(step);
    out.u32(heads);
    out.u32(position);
    out.array(std::vector<std::uint16_t>(values, value));
    ContainerWriter writer("kv_head");
    writer.add("kept_queries", out.take());
    const Container container = written(writer);
    expect_error(ErrorCode::corrupt, what, [&] { read_evidence(container, 100, 3); });
  }

  const std::vector<MatrixView>& rows() const { return rows_; }

  QueryEvidence evidence{3, 60};

 private:
  std::vector<SharedMatrix> heads_{random_matrix(100, 3, 1, DType::bf16), random_matrix(100, 3, 2, DType::bf16)};
  std::vector<MatrixView> rows_;
  TempDirectory folder_;
};

TEST_F(EvidenceSection, ReadsWhatWasWritten) {
  const QueryEvidence::Copy kept = evidence.copy();
  ASSERT_EQ(kept.step, 2U);
  const QueryEvidence::Copy read = read_evidence(saved(100), 100, 3);
  EXPECT_EQ(read.positions, kept.positions);
  EXPECT_EQ(read.values, kept.values);
  EXPECT_EQ(read.step, 2U);
  ASSERT_EQ(read.heads.size(), 2U);
  for (std::size_t h = 0; h < 2; ++h) EXPECT_EQ(row_values(read.heads[h], 7), row_values(kept.heads[h], 7));

  QueryEvidence again(3, 60);
  again.restore(read);
  again.add({rows(), {}});
  evidence.add({rows(), {}});
  EXPECT_EQ(again.copy().positions, evidence.copy().positions);
  EXPECT_EQ(again.copy().values, evidence.copy().values);
  QueryEvidence fewer(3, 20);
  fewer.restore(read);
  EXPECT_EQ(fewer.rows(), 13U);  // every fourth of 50
  EXPECT_EQ(fewer.copy().step, 8U);
}

TEST_F(EvidenceSection, HasTheTokensOfItsFileAlone) {
  const QueryEvidence::Copy read = read_evidence(saved(31), 31, 3);
  EXPECT_EQ(read.positions.size(), 16U);
  EXPECT_EQ(read.positions.back(), 30);
  EXPECT_FALSE(saved(0).has("kept_queries"));
  EXPECT_TRUE(read_evidence(saved(0), 0, 3).positions.empty());
}

TEST_F(EvidenceSection, ContradictionsAreCorrupt) {
  expect_corrupt("positions", 0, 1, 1, 0, 0, 3);
  expect_corrupt("positions", std::uint64_t{1} << 40, 1, 1, 0, 0, 3);
  expect_corrupt("step", 1, 0, 1, 0, 0, 3);
  expect_corrupt("step", 1, std::uint64_t{1} << 40, 1, 0, 0, 3);
  expect_corrupt("query heads", 1, 1, 0, 0, 0, 3);
  expect_corrupt("queries", 1, 1, 2, 0, 0, 3);
  expect_corrupt("position", 1, 1, 1, 100, 0, 3);
  expect_corrupt("query is NaN", 1, 1, 1, 0, 0x7fc0, 3);
  expect_corrupt("kept_queries", 1, 1, 1, 0, 0, 4);
}

}  // namespace
}  // namespace rattan::test
