#include "bench/measure/interrupt.h"

#include <array>
#include <csignal>

namespace rattan::bench {
namespace {

volatile std::sig_atomic_t asked = 0;

constexpr std::array signals = {SIGINT, SIGTERM};

void ask(int /*signal*/) { asked = 1; }

}  // namespace

InterruptGuard::InterruptGuard() {
  asked = 0;
  struct sigaction action = {};
  action.sa_handler = ask;
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  for (const int signal : signals) sigaction(signal, &action, nullptr);
}

InterruptGuard::~InterruptGuard() {
  for (const int signal : signals) std::signal(signal, SIG_DFL);
  asked = 0;
}

bool stop_asked() noexcept { return asked != 0; }

void stop_if_asked() {
  if (stop_asked()) throw Stopped();
}

bool ends_after(std::size_t rounds) {
  if (rounds == 0) stop_if_asked();
  return stop_asked();
}

}  // namespace rattan::bench
