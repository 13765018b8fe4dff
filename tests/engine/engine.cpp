#include "tests/engine/engine.h"

#include <gtest/gtest.h>

namespace rattan::test {

ProgramResult run_engine(const std::string& arguments) { return run_program(RATTAN_ENGINE_PROGRAM, arguments); }

nlohmann::json score(const std::string& arguments) {
  const ProgramResult result = run_engine("score " + arguments + " --format json");
  EXPECT_EQ(result.exit_code, 0) << arguments << "\n" << result.err;
  return result.exit_code == 0 ? nlohmann::json::parse(result.out) : nlohmann::json::object();
}

void expect_refused(const std::string& arguments, const std::string& part) {
  const ProgramResult result = run_engine(arguments);
  EXPECT_EQ(result.exit_code, 2) << arguments << "\n" << result.err;
  EXPECT_NE(result.err.find(part), std::string::npos) << arguments << "\n" << result.err;
  EXPECT_EQ(result.out, "") << arguments;
}

}  // namespace rattan::test
