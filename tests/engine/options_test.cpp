// The command line of rattan-engine: what is wrong is named, with its value and what is allowed; exit status 2.
#include <gtest/gtest.h>

#include "tests/engine/engine.h"
#include "tests/engine/small_model.h"
#include "tests/support/files.h"

namespace rattan::test {
namespace {

TEST(EngineOptions, HelpNamesBothCommands) {
  const ProgramResult help = run_engine("--help");
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_NE(help.out.find("rattan-engine score"), std::string::npos);
  EXPECT_NE(help.out.find("rattan-engine generate"), std::string::npos);
}

TEST(EngineOptions, WrongWords) {
  expect_refused("", "a command is missing");
  expect_refused("scor", "\"scor\"; allowed are score and generate");
  expect_refused("score --foo 1", "unknown option \"--foo\"");
  expect_refused("score --model", "--model has no value");
}

TEST(EngineOptions, WrongValues) {
  expect_refused("score --k 0", "--k is \"0\", allowed is a whole number from 1");
  expect_refused("score --k ten", "--k is \"ten\"");
  expect_refused("score --k 99999999999999999999", "--k is \"99999999999999999999\"");
  expect_refused("score --epsilon 0", "--epsilon is \"0\", allowed is a number inside (0, 1)");
  expect_refused("score --epsilon 1", "--epsilon is \"1\"");
  expect_refused("score --epsilon nan", "--epsilon is \"nan\"");
  expect_refused("score --prefill -3", "--prefill is \"-3\"");
  expect_refused("score --prefill 1.5", "--prefill is \"1.5\"");
  expect_refused("score --prefill ''", "--prefill is \"\"");
  expect_refused("score --temperature -1", "--temperature is \"-1\", allowed is a number from 0 to 100");
  expect_refused("score --kind ivf", "--kind is \"ivf\", allowed is auto|flat|scan4|graph");
  expect_refused("score --memory-limit -1", "--memory-limit is \"-1\"");
  expect_refused("score --estimate maybe", "--estimate is \"maybe\", allowed is off|on");
  expect_refused("score --format xml", "--format is \"xml\", allowed is text|json");
}

TEST(EngineOptions, WhatIsMissingOrContradictsItself) {
  expect_refused("score --text t --prefill 1 --count 1", "--model is missing");
  expect_refused("score --model m --prefill 1 --count 1", "--text is missing");
  expect_refused("score --model m --text t --count 1", "--prefill is missing");
  expect_refused("score --model m --text t --prefill 1", "--count is missing");
  expect_refused("generate --model m --text t --prefill 1 --count 1", "--tokenizer is missing");
  expect_refused("score --model m --text t --prefill 1 --count 1 --k 3", "--k is of Rattan");
  expect_refused("score --model m --text t --prefill 1 --count 1 --attention rattan --k 3 --epsilon .1",
                 "--epsilon is 0.1");
}

TEST(EngineOptions, FilesAreNamed) {
  const TempDirectory folder;
  const std::string files = write_small_model(folder.path(), 40);
  const std::string missing = (folder / "missing").string();
  expect_refused("score --model " + missing + " --text t --prefill 1 --count 1", "--model is \"" + missing);
  expect_refused("score --model " + folder.path().string() + " --text t --prefill 1 --count 1", "a regular file");
  expect_refused("score" + files + "--text " + missing + " --prefill 1 --count 1", "--text is \"" + missing);
  expect_refused("score" + files + "--prefill 40 --count 1", "--prefill is 40");
  expect_refused("score" + files + "--prefill 30 --count 10", "41 in all, allowed are the 40");
  expect_refused("score" + files + "--offset 41 --prefill 1 --count 1", "--offset is 41");
  expect_refused("generate" + files + "--tokenizer " + missing + " --prefill 1 --count 1",
                 "--tokenizer is \"" + missing);
  write_file(folder / "odd.u16", "abc");
  expect_refused("score" + files + "--text " + (folder / "odd.u16").string() + " --prefill 1 --count 1", "3 bytes");
  write_file(folder / "large.u16", "\xff\xff\xff\xff\xff\xff");
  expect_refused("score" + files + "--text " + (folder / "large.u16").string() + " --prefill 1 --count 1", "65535");
}

}  // namespace
}  // namespace rattan::test
