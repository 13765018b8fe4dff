// -o: the file that takes what a command prints.
#pragma once

#include <cstdint>
#include <string>

namespace rattan::bench {

enum class OutputMode : std::uint8_t {
  whole,     // the file is replaced when all is printed, or stays as it was, also where nothing is
  as_lines,  // lines are in the file as they are printed
  append     // the same behind what the file has
};

// From here on std::cout goes to `path`. Throws Error where it cannot be written.
void open_output(const std::string& path, OutputMode mode);

// Ends that: all printed is in the file, else Error(io). Does nothing where none is open.
void finish_output();

// The same after a failure: a file of OutputMode::whole stays as it was.
void drop_output() noexcept;

// Replaces `path` by `text`, or leaves it as it was. Error naming `flag` and the path.
void replace_file(const std::string& flag, const std::string& path, const std::string& text);

// Whether replace_file could write there: asked before a long measurement. Throws as it does.
void check_writable(const std::string& flag, const std::string& path);

}  // namespace rattan::bench
