#include "bench/cli/options.h"

#include <gtest/gtest.h>

#include "bench/inputs/usage_error.h"

namespace rattan::bench {
namespace {

RunFlags parsed(const RunFlagNames& names, const std::vector<std::string>& words) {
  RunFlags flags;
  CLI::App app;
  add_run_flags(app, flags, names);
  std::vector<const char*> argv = {"rattan-bench"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  app.parse(static_cast<int>(argv.size()), argv.data());
  return flags;
}

TEST(Options, FlagsOfARunAreThreadsSeedAndFormat) {
  const RunFlags flags = parsed({}, {"--threads", "3", "--seed", "9", "--format", "csv"});
  const auto run = start_run(flags);
  EXPECT_EQ(run.format, Format::csv);
  EXPECT_EQ(run.executor->workers(), 3U);
  EXPECT_EQ(run.record.threads, 3U);
  EXPECT_EQ(run.record.seed, 9U);
}

TEST(Options, ACommandMayHaveNoSeedAndCallTheFormatOtherwise) {
  EXPECT_EQ(parsed({.seed = false, .file = false}, {"--format", "jsonl"}).format, "jsonl");
  EXPECT_EQ(parsed({.seed = false}, {}).seed, 0U) << "nothing is random";
  EXPECT_THROW(parsed({.seed = false}, {"--seed", "2"}), CLI::ParseError);
}

TEST(Options, OneHeadIsOneHead) {
  EXPECT_EQ(only_head({HeadSource{"dump", 3, 1, {}}}).layer, 3);
  EXPECT_THROW(only_head({}), UsageError);
  EXPECT_THROW(only_head({HeadSource{}, HeadSource{}}), UsageError);
}

}  // namespace
}  // namespace rattan::bench
