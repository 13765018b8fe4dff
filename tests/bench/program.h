// Runs rattan-bench as a user does.
#pragma once

#include <string>

namespace rattan::test {

struct ProgramResult {
  int exit_code = -1;
  std::string out;
  std::string err;
};

// `arguments` go through a shell: quote what needs it. `out_file`: where stdout goes instead of into the result.
ProgramResult run_bench(const std::string& arguments, const std::string& out_file = "");

}  // namespace rattan::test
