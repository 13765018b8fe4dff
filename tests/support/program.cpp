#include "tests/support/program.h"

#include <sys/wait.h>

#include <cstdlib>

#include "tests/support/files.h"

namespace rattan::test {

ProgramResult run_program(const std::string& program, const std::string& arguments, const std::string& out_file) {
  const TempDirectory folder;
  const std::string out = out_file.empty() ? (folder / "out").string() : out_file;
  const std::string err = (folder / "err").string();
  const std::string command = program + " " + arguments + " >" + out + " 2>" + err;
  const int status = std::system(command.c_str());
  ProgramResult result;
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  if (out_file.empty()) result.out = read_file(out);
  result.err = read_file(err);
  return result;
}

}  // namespace rattan::test
