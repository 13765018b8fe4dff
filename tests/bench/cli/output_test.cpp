#include "bench/cli/output.h"

#include <gtest/gtest.h>

#include <iostream>

#include "tests/support/errors.h"
#include "tests/support/files.h"

namespace rattan::bench {
namespace {

class Output : public testing::Test {
 protected:
  void print(OutputMode mode, const std::string& text) {
    open_output(path_, mode);
    std::cout << text;
  }
  test::TempDirectory folder_;
  std::string path_ = (folder_ / "rows").string();
};

TEST_F(Output, AWholeFileComesAtTheEnd) {
  test::write_file(path_, "old");
  print(OutputMode::whole, "new");
  EXPECT_EQ(test::read_file(path_), "old");
  finish_output();
  EXPECT_EQ(test::read_file(path_), "new");
  print(OutputMode::whole, "half");
  drop_output();
  EXPECT_EQ(test::read_file(path_), "new");
  EXPECT_NO_THROW(finish_output()) << "none is open";
}

TEST_F(Output, LinesAreThereAsTheyArePrinted) {
  print(OutputMode::as_lines, "one\n");
  std::cout.flush();
  EXPECT_EQ(test::read_file(path_), "one\n");
  finish_output();
  print(OutputMode::append, "two\n");
  drop_output();
  EXPECT_EQ(test::read_file(path_), "one\ntwo\n");
}

TEST_F(Output, WhatCannotBeWrittenIsNamed) {
  for (const OutputMode mode : {OutputMode::whole, OutputMode::as_lines, OutputMode::append}) {
    test::expect_error(ErrorCode::io, "--out /nowhere/rows cannot be written",
                       [&] { open_output("/nowhere/rows", mode); });
  }
  test::expect_error(ErrorCode::io, "--report", [&] { check_writable("--report", folder_.path().string()); });
  EXPECT_NO_THROW(check_writable("--report", path_));
}

}  // namespace
}  // namespace rattan::bench
