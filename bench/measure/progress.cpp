#include "bench/measure/progress.h"

#include <unistd.h>

#include <cstdio>

#include "bench/inputs/text.h"

namespace rattan::bench {

Progress::Progress() : terminal_(isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() {
  if (shown_) std::fputs("\r\033[K", stderr);
}

void Progress::show(const std::string& text) {
  if (!terminal_) return;
  shown_ = true;
  const std::chrono::duration<double> passed = Clock::now() - began_;
  std::fprintf(stderr, "\r\033[K%.100s%s", text.c_str(), time_text(passed.count(), done_, parts_).c_str());
  std::fflush(stderr);
}

std::string time_text(double seconds, std::size_t done, std::size_t parts) {
  std::string text = ", " + fixed(seconds, 0) + " s";
  if (done == 0 || done >= parts) return text;
  return text + ", about " + fixed(seconds * static_cast<double>(parts - done) / static_cast<double>(done), 0) +
         " s left";
}

}  // namespace rattan::bench
