// One line on stderr that overwrites itself, and only where a person watches: nothing if stderr is no terminal.
#pragma once

#include <string>

namespace rattan::bench {

class Progress {
 public:
  Progress();
  ~Progress();  // clears the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(const std::string& text);

 private:
  bool terminal_;
  bool shown_ = false;
};

}  // namespace rattan::bench
