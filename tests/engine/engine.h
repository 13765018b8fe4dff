// Runs rattan-engine as a user does.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/program.h"

namespace rattan::test {

ProgramResult run_engine(const std::string& arguments);

// The JSON of a `score` that must succeed; empty after a reported failure.
nlohmann::json score(const std::string& arguments);

// The program must end with status 2, print nothing to stdout, and name `part` on stderr.
void expect_refused(const std::string& arguments, const std::string& part);

}  // namespace rattan::test
