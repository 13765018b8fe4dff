// Runs rattan-bench as a user does.
#pragma once

#include <string>

#include "tests/support/program.h"

namespace rattan::test {

ProgramResult run_bench(const std::string& arguments, const std::string& out_file = "");

}  // namespace rattan::test
