#include "tests/support/forked.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>

namespace rattan::test {
namespace {

constexpr unsigned deadline_s = 60;

int exit_status_of(const std::function<bool()>& body) {
  try {
    return body() ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "in the forked child: %s\n", error.what());
    return 2;
  }
}

}  // namespace

bool in_forked_child(const std::function<bool()>& body) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    alarm(deadline_s);
    _exit(exit_status_of(body));
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return false;
  if (WIFSIGNALED(status)) std::fprintf(stderr, "the forked child was ended by signal %d\n", WTERMSIG(status));
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace rattan::test
