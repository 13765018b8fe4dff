// The shared trained model against its numpy reference: make_dump.py --tokens 1088 --prefill 1024 prints nll_decode.
#include <gtest/gtest.h>

#include "tests/engine/engine.h"
#include "tests/support/files.h"

namespace rattan::test {
namespace {

constexpr double reference = 0.517909;

class TrainedModel : public testing::Test {
 protected:
  void SetUp() override {
    const auto data = shared_data();
    if (!data || !std::filesystem::exists(*data / "model.safetensors")) {
      GTEST_SKIP() << "no trained model: RATTAN_DATA is not set and ../shared/data holds none";
    }
    files_ = " --model " + (*data / "model.safetensors").string() + " --text " + (*data / "tokens.u16").string() + " ";
    tokenizer_ = " --tokenizer " + (*data / "tokenizer.model").string() + " ";
  }

  std::string files_, tokenizer_;
};

TEST_F(TrainedModel, FullAttentionAgreesWithTheReference) {
  EXPECT_NEAR(score(files_ + "--prefill 1024 --count 64").value("nll", -1.0), reference, 2e-3);
}

TEST_F(TrainedModel, RattanWithEveryKeyAgreesToo) {
  const std::string command = "--prefill 1024 --count 64 --attention rattan --kind flat --k 2048";
  EXPECT_NEAR(score(files_ + command).value("nll", -1.0), reference, 2e-3);
}

TEST_F(TrainedModel, TextIsPrinted) {
  const ProgramResult text = run_engine("generate" + files_ + tokenizer_ + "--prefill 1024 --count 30");
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_GT(text.out.size(), 30U);
}

}  // namespace
}  // namespace rattan::test
