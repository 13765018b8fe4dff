// Runs a program of the tree as a user does.
#pragma once

#include <string>

namespace rattan::test {

struct ProgramResult {
  int exit_code = -1;  // -1: ended by a signal
  std::string out;
  std::string err;
};

// `arguments` go through a shell: quote what needs it. `out_file`: where stdout goes instead of into the result.
ProgramResult run_program(const std::string& program, const std::string& arguments, const std::string& out_file = "");

}  // namespace rattan::test
