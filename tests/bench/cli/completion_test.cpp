#include "bench/cli/completion.h"

#include <gtest/gtest.h>

#include "tests/bench/program.h"
#include "tests/support/files.h"
#include "tests/support/program.h"

namespace rattan::bench {
namespace {

TEST(Completion, CommandsFlagsAndWordsAreListed) {
  CLI::App app("program");
  std::string format;
  app.add_subcommand("look", "")->add_option("-f,--format", format, "")->check(CLI::IsMember({"md", "csv"}));
  const std::string script = completion_script(app);
  EXPECT_NE(script.find("1:*) words=\"look --help --version\""), std::string::npos) << script;
  EXPECT_NE(script.find("--format|-f) words=\"md csv\""), std::string::npos) << script;
}

std::string completed(const std::string& words, int at) {
  const test::TempDirectory folder;
  const std::string script = (folder / "complete.sh").string();
  test::write_file(script, test::run_bench("completion").out + "COMP_WORDS=(rattan-bench " + words +
                               ")\nCOMP_CWORD=" + std::to_string(at) + "\n_rattan_bench\necho \"${COMPREPLY[@]}\"\n");
  const test::ProgramResult result = test::run_program("bash", script);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return result.out;
}

TEST(Completion, BashTakesTheScript) {
  if (test::run_program("bash", "-c true").exit_code != 0) GTEST_SKIP() << "no bash";
  EXPECT_EQ(completed("swe", 1), "sweep\n");
  EXPECT_EQ(completed("sweep --queries-", 2), "--queries-as\n");
  EXPECT_EQ(completed("sweep --format j", 3), "json jsonl\n");
  EXPECT_EQ(completed("search --index-f", 2), "--index-file\n");
}

}  // namespace
}  // namespace rattan::bench
