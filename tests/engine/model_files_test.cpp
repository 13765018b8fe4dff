// No number in a model's or tokenizer's file is trusted: whatever it says, the program refuses it or runs.
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "tests/engine/engine.h"
#include "tests/engine/small_model.h"
#include "tests/support/files.h"

namespace rattan::test {
namespace {

class ModelFiles : public testing::Test {
 protected:
  std::string with(const std::string& model_bytes) {
    write_file(folder_ / "changed", model_bytes);
    return "score" + files_ + "--model " + (folder_ / "changed").string() + " --prefill 4 --count 2 --threads 1";
  }

  std::string with(const std::function<void(nlohmann::json&)>& change) {
    SmallModel model = small_model();
    change(model.header);
    return with(model.bytes());
  }

  TempDirectory folder_;
  std::string files_ = write_small_model(folder_.path(), 40);
};

TEST_F(ModelFiles, TheModelItselfRuns) { EXPECT_EQ(run_engine(with(small_model().bytes())).exit_code, 0); }

TEST_F(ModelFiles, WhatIsNoSafetensorsFile) {
  expect_refused(with(""), "no safetensors file");
  expect_refused(with("short"), "no safetensors file");
  expect_refused(with(std::string(100, '\xff')), "no safetensors file");
  expect_refused(with(std::string("\x02\0\0\0\0\0\0\0[]", 10)), "must be a JSON object");
  expect_refused(with(std::string("\x02\0\0\0\0\0\0\0{}", 10)), "has no \"__metadata__\"");
  expect_refused(with(std::string("\x04\0\0\0\0\0\0\0{\"a\"", 12)), "must be a JSON object");
}

TEST_F(ModelFiles, TruncatedAnywhere) {
  const std::string whole = small_model().bytes();
  for (std::size_t size = 0; size < whole.size(); size += 1 + whole.size() / 37) {
    expect_refused(with(whole.substr(0, size)), "--model is");
  }
  expect_refused(with(whole.substr(0, whole.size() - 1)), "bytes inside");
}

TEST_F(ModelFiles, NumbersThatLie) {
  using Json = nlohmann::json;
  const auto offsets = [&](const Json& begin, const Json& end) {
    return with([&](Json& header) { header["layers.0.wo"]["data_offsets"] = Json::array({begin, end}); });
  };
  expect_refused(offsets(0, 1), "\"layers.0.wo\" is said to lie in bytes 0 to 1");
  expect_refused(offsets(9007199254740000, 9007199254740992), "is said to lie");
  expect_refused(offsets(1e300, 1e300), "must be whole numbers");
  expect_refused(offsets(-1, 6143), "must be whole numbers");
  expect_refused(offsets(0.5, 6144.5), "must be whole numbers");
  expect_refused(offsets(6144, 0), "is said to lie");
  expect_refused(offsets("0", Json()), "must be whole numbers");
  expect_refused(with([](Json& header) { header["embed"]["shape"] = {300, 47}; }), "shape of \"embed\"");
  expect_refused(with([](Json& header) { header["embed"]["shape"] = Json::array(); }), "shape of \"embed\"");
  expect_refused(with([](Json& header) { header["embed"]["dtype"] = "F16"; }), "is F16, needed is I8");
  expect_refused(with([](Json& header) { header["embed"] = 3; }), "has no \"dtype\"");
  expect_refused(with([](Json& header) { header.erase("norm"); }), "has no \"norm\"");
}

TEST_F(ModelFiles, HyperParameters) {
  const auto metadata = [&](const std::string& key, const std::string& value) {
    return with([&](nlohmann::json& header) { header["__metadata__"][key] = value; });
  };
  expect_refused(metadata("layers", "0"), "layers is \"0\", allowed is 1 to 256");
  expect_refused(metadata("layers", "3"), "has no \"layers.2.attn_norm\"");
  expect_refused(metadata("heads", "3"), "heads is 3, a multiple of kv_heads, 2, is needed");
  expect_refused(metadata("heads", "1e9"), "heads is \"1e9\"");
  expect_refused(metadata("kv_heads", ""), "kv_heads is \"\"");
  expect_refused(metadata("head_dim", "31"), "an even number is needed");
  expect_refused(metadata("head_dim", "32.5"), "a whole number is needed");
  expect_refused(metadata("d_model", "nan"), "d_model is \"nan\"");
  expect_refused(metadata("vocab", "65537"), "vocab is \"65537\"");
  expect_refused(metadata("rope_theta", "-1"), "rope_theta is \"-1\"");
}

TEST_F(ModelFiles, DamagedHeadersNeverCrash) {
  const std::string whole = small_model().bytes();
  const std::size_t header = whole.size() - small_model().data.size();
  std::mt19937 random(11);
  for (int round = 0; round < 150; ++round) {
    std::string changed = whole;
    for (int i = 0; i <= round % 3; ++i) changed[random() % header] = static_cast<char>(random());
    const ProgramResult result = run_engine(with(changed));
    EXPECT_TRUE(result.exit_code == 0 || result.exit_code == 2) << round << ": " << result.err;
  }
}

TEST_F(ModelFiles, DamagedTokenizersNeverCrash) {
  const std::string whole = read_file(folder_ / "tokenizer.model");
  const std::string command =
      "generate" + files_ + "--tokenizer " + (folder_ / "pieces").string() + " --prefill 4 --count 2 --threads 1";
  std::mt19937 random(12);
  for (int round = 0; round < 60; ++round) {
    std::string changed = whole.substr(0, round % 2 == 0 ? whole.size() : random() % whole.size());
    if (!changed.empty()) changed[random() % changed.size()] = static_cast<char>(random());
    write_file(folder_ / "pieces", changed);
    const ProgramResult result = run_engine(command);
    EXPECT_TRUE(result.exit_code == 0 || result.exit_code == 2) << round << ": " << result.err;
    EXPECT_TRUE(round % 2 == 0 || result.exit_code == 2) << round;
  }
}

}  // namespace
}  // namespace rattan::test
