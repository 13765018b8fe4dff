#include "tests/bench/program.h"

namespace rattan::test {

ProgramResult run_bench(const std::string& arguments, const std::string& out_file) {
  return run_program(RATTAN_BENCH_PROGRAM, arguments, out_file);
}

}  // namespace rattan::test
