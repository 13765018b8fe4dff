// One line on stderr that overwrites itself, and only where a person watches: nothing if stderr is no terminal. It ends
// with the time that has passed and, once a part of the work is done, with what is left at that pace.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace rattan::bench {

class Progress {
 public:
  Progress();
  ~Progress();  // clears the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(const std::string& text);

  // The work has so many parts of about the same length; one more of them is done.
  void expect(std::size_t parts) { parts_ = parts; }
  void part_done() { ++done_; }

 private:
  using Clock = std::chrono::steady_clock;

  std::size_t parts_ = 0;
  std::size_t done_ = 0;
  Clock::time_point began_ = Clock::now();
  bool terminal_;
  bool shown_ = false;
};

// ", 75 s" after 75 seconds without a part done; ", 75 s, about 150 s left" after one of three parts.
std::string time_text(double seconds, std::size_t done, std::size_t parts);

}  // namespace rattan::bench
