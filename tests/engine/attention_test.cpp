// The two attentions of rattan-engine against each other and themselves, on a model of random weights.
#include <gtest/gtest.h>

#include "tests/engine/engine.h"
#include "tests/engine/small_model.h"
#include "tests/support/files.h"

namespace rattan::test {
namespace {

class EngineAttention : public testing::Test {
 protected:
  double nll(const std::string& arguments) { return score(files_ + arguments).value("nll", -1.0); }

  TempDirectory folder_;
  std::string files_ = write_small_model(folder_.path(), 3000);
};

TEST_F(EngineAttention, FullReadsEveryKey) {
  const nlohmann::json result = score(files_ + "--prefill 300 --count 20");
  EXPECT_EQ(result.at("attention"), "full");
  EXPECT_EQ(result.at("keys_read_share"), 1.0);
  EXPECT_EQ(result.at("tokens"), 20);
  EXPECT_GT(result.at("ms_per_token"), 0.0);
}

// 1,030 tokens are more than a chunk of the prefill and no multiple of any tile.
TEST_F(EngineAttention, StepsContinueThePrefill) {
  const double all = nll("--prefill 997 --count 66");
  const double first = nll("--prefill 997 --count 33");
  const double second = nll("--prefill 1030 --count 33");
  EXPECT_NEAR(all, (first + second) / 2, 1e-4);
}

// But for rounding: each thread sums its share in fp32.
TEST_F(EngineAttention, ThreadsDoNotMatter) {
  const double one = nll("--prefill 200 --count 20 --threads 1");
  EXPECT_NEAR(nll("--prefill 200 --count 20 --threads 3"), one, 1e-5);
  EXPECT_NEAR(nll("--prefill 1 --count 2 --threads 5"), nll("--prefill 1 --count 2 --threads 1"), 1e-5);
}

TEST_F(EngineAttention, APrefillIsKeptAndCheckedAgainstItsPrompt) {
  const std::string file = (folder_ / "prefill").string();
  const std::string kept = " --prefill-cache " + file;
  const nlohmann::json made = score(files_ + "--prefill 200 --count 20" + kept);
  const nlohmann::json read = score(files_ + "--prefill 200 --count 20" + kept);
  EXPECT_GT(made.at("prefill_seconds"), 0.0);
  EXPECT_EQ(read.at("prefill_seconds"), 0.0);
  EXPECT_EQ(made.at("nll"), read.at("nll"));
  expect_refused("score" + files_ + "--prefill 201 --count 20" + kept, "--prefill-cache is");
  expect_refused("score" + files_ + "--prefill 200 --count 20 --offset 1" + kept, "--prefill-cache is");
  const std::string bytes = read_file(file);
  write_file(file, bytes.substr(0, bytes.size() - 1));
  expect_refused("score" + files_ + "--prefill 200 --count 20" + kept, "whose size");
  write_file(file, bytes + "x");
  expect_refused("score" + files_ + "--prefill 200 --count 20" + kept, "whose size");
}

TEST_F(EngineAttention, RattanWithEveryKeyIsFullAttention) {
  const std::string prompt = "--prefill 1500 --count 40 ";
  const double full = nll(prompt);
  EXPECT_NEAR(nll(prompt + "--attention rattan --kind flat --k 4096"), full, 1e-3);
  EXPECT_NEAR(nll(prompt + "--attention rattan --kind flat --k 4096 --estimate off --threads 1"), full, 1e-3);
}

TEST_F(EngineAttention, RattanReadsFewerKeysAndSaysSo) {
  for (const char* budget :
       {"--k 20", "--k 20 --estimate off", "--epsilon 0.2", "--kind scan4", "--kind graph --seal-after 16"}) {
    const nlohmann::json result = score(files_ + "--prefill 2500 --count 40 --attention rattan " + budget);
    EXPECT_EQ(result.at("attention"), "rattan") << budget;
    EXPECT_GT(result.at("keys_read_share"), 0.0) << budget;
    EXPECT_LE(result.at("keys_read_share"), 1.0) << budget;
    EXPECT_EQ(result.at("report").size(), 4U) << budget;
  }
}

TEST_F(EngineAttention, AMemoryLimitIsKeptOrNamed) {
  const std::string prompt = files_ + "--prefill 2600 --count 4 --attention rattan --kind graph --memory-limit ";
  EXPECT_EQ(score(prompt + "100").at("report").size(), 4U);
  const ProgramResult refused = run_engine("score" + prompt + "1");
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("memory_limit is 1000000"), std::string::npos) << refused.err;
}

TEST_F(EngineAttention, AnIndexIsKept) {
  const std::string command = files_ + "--prefill 2000 --count 20 --attention rattan --kind scan4 --k 20 --index " +
                              (folder_ / "index").string();
  const nlohmann::json made = score(command);
  const nlohmann::json opened = score(command);
  EXPECT_GT(made.at("build_seconds"), 0.0);
  EXPECT_EQ(opened.at("build_seconds"), 0.0);
  EXPECT_EQ(made.at("nll"), opened.at("nll"));
}

TEST_F(EngineAttention, GenerateIsRepeatable) {
  const std::string command = "generate" + files_ + "--tokenizer " + (folder_ / "tokenizer.model").string() +
                              " --prefill 100 --count 12 --temperature 1 --seed ";
  const ProgramResult once = run_engine(command + "5");
  EXPECT_EQ(once.exit_code, 0) << once.err;
  EXPECT_EQ(once.out, run_engine(command + "5").out);
  EXPECT_NE(once.out, run_engine(command + "6").out);
  EXPECT_NE(once.out.find(" w"), std::string::npos) << once.out;
}

}  // namespace
}  // namespace rattan::test
