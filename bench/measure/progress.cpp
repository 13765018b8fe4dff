#include "bench/measure/progress.h"

#include <unistd.h>

#include <cstdio>

namespace rattan::bench {

Progress::Progress() : terminal_(isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() {
  if (shown_) std::fputs("\r\033[K", stderr);
}

void Progress::show(const std::string& text) {
  if (!terminal_) return;
  shown_ = true;
  std::fprintf(stderr, "\r\033[K%.100s", text.c_str());
  std::fflush(stderr);
}

}  // namespace rattan::bench
