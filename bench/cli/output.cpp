#include "bench/cli/output.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <span>
#include <sstream>
#include <string>

#include "core/check.h"
#include "storage/atomic_save.h"

namespace rattan::bench {
namespace {

constexpr const char* out_flag = "--out";

// Puts std::cout back where it was at its end.
class Redirection {
 public:
  Redirection(std::string path, OutputMode mode) : path_(std::move(path)), mode_(mode) {
    if (mode_ == OutputMode::whole) {
      check_writable(out_flag, path_);
    } else {
      file_.open(path_, mode_ == OutputMode::append ? std::ios::app : std::ios::trunc);
      if (!file_) fail(ErrorCode::io, out_flag, " ", path_, " cannot be written");
    }
    std::streambuf* to = file_.rdbuf();
    if (mode_ == OutputMode::whole) to = text_.rdbuf();
    was_ = std::cout.rdbuf(to);
  }
  ~Redirection() { std::cout.rdbuf(was_); }
  Redirection(const Redirection&) = delete;
  Redirection& operator=(const Redirection&) = delete;

  void finish() {
    std::cout.flush();
    if (mode_ == OutputMode::whole) {
      // Stopped before anything was measured: the file stays as it was.
      if (!text_.str().empty()) replace_file(out_flag, path_, text_.str());
      return;
    }
    file_.close();
    if (!file_ || !std::cout) fail(ErrorCode::io, out_flag, " ", path_, " could not be written in full");
  }

 private:
  std::string path_;
  OutputMode mode_;
  std::ofstream file_;
  std::ostringstream text_;
  std::streambuf* was_ = nullptr;
};

std::unique_ptr<Redirection>& current() {
  static std::unique_ptr<Redirection> redirection;
  return redirection;
}

}  // namespace

void open_output(const std::string& path, OutputMode mode) {
  current().reset();
  current() = std::make_unique<Redirection>(path, mode);
}

void finish_output() {
  if (!current()) return;
  const std::unique_ptr<Redirection> done = std::move(current());
  done->finish();
}

void drop_output() noexcept { current().reset(); }

void replace_file(const std::string& flag, const std::string& path, const std::string& text) {
  try {
    const std::span<const std::byte> bytes = std::as_bytes(std::span(text));
    atomic_save(path, {&bytes, 1});
  } catch (const Error& error) {
    fail(error.code(), flag, " ", path, " cannot be written: ", error.what());
  }
}

void check_writable(const std::string& flag, const std::string& path) {
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  if (std::filesystem::is_directory(path) || ::access(folder.c_str(), W_OK) != 0) {
    fail(ErrorCode::io, flag, " ", path, " cannot be written");
  }
}

}  // namespace rattan::bench
