#include "bench/report/run_fields.h"

#include <gtest/gtest.h>

namespace rattan::bench {
namespace {

TEST(RunFields, EveryRecordSaysWhereAndHow) {
  const RunRecord run = run_record(2, 9);
  const Record record = to_record(run);
  for (const char* name : {"isa", "blas", "cpu", "llc_bytes", "threads", "commit", "version", "seed"}) {
    ASSERT_NE(find_field(record, name), nullptr) << name;
    EXPECT_TRUE(find_field(record, name)->value.measured()) << name;
  }
  EXPECT_EQ(find_field(record, "seed")->value, Value(std::uint64_t{9}));
  const std::string text = describe(run);
  for (const std::string& part : {run.cpu, run.isa, run.commit, std::string("threads 2"), std::string("seed 9")}) {
    EXPECT_NE(text.find(part), std::string::npos) << part;
  }
}

}  // namespace
}  // namespace rattan::bench
