#include "storage/atomic_save.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "core/check.h"

namespace rattan {

namespace fs = std::filesystem;

int FileCalls::create(const char* path, unsigned mode) {
  return ::open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, static_cast<mode_t>(mode));
}
int FileCalls::open_directory(const char* path) { return ::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC); }
ssize_t FileCalls::write(int fd, const void* data, std::size_t size) { return ::write(fd, data, size); }
int FileCalls::sync(int fd) { return ::fsync(fd); }
int FileCalls::close(int fd) { return ::close(fd); }
int FileCalls::rename(const char* from, const char* to) { return ::rename(from, to); }
int FileCalls::remove(const char* path) { return ::unlink(path); }

FileCalls& system_file_calls() {
  static FileCalls calls;
  return calls;
}

namespace {

// Small pieces are gathered to this size before they are written.
constexpr std::size_t buffer_size = std::size_t{1} << 20;
constexpr int name_attempts = 1000;
constexpr unsigned default_mode = 0666;

struct Target {
  fs::path file;
  fs::path directory;
  unsigned mode;
};

[[noreturn]] void fail_step(const fs::path& path, const char* step, int error) {
  fail(ErrorCode::io, path.string(), ": save failed: cannot ", step, ": ", std::generic_category().message(error));
}

Target resolve(const fs::path& path) {
  std::error_code error;
  Target target{path, {}, default_mode};
  if (fs::is_symlink(path, error)) {
    target.file = fs::canonical(path, error);
    if (error) fail_step(path, "follow the symbolic link", error.value());
  }
  target.directory = target.file.has_parent_path() ? target.file.parent_path() : fs::path(".");
  if (!fs::is_directory(target.directory, error)) {
    fail(ErrorCode::not_found, path.string(), ": folder ", target.directory.string(), " does not exist");
  }
  const fs::file_status status = fs::status(target.file, error);
  if (fs::exists(status)) {
    if (!fs::is_regular_file(status)) fail(ErrorCode::io, path.string(), ": exists and is not a regular file");
    target.mode = static_cast<unsigned>(status.permissions() & fs::perms::all);
  }
  return target;
}

// One save in progress; the destructor takes back what was not renamed.
class Save {
 public:
  Save(const fs::path& path, FileCalls& calls) : path_(path), target_(resolve(path)), calls_(calls) { create(); }

  ~Save() {
    if (fd_ >= 0) calls_.close(fd_);
    if (!renamed_) calls_.remove(temporary_.c_str());
  }
  Save(const Save&) = delete;
  Save& operator=(const Save&) = delete;

  void write(std::span<const std::byte> piece) {
    if (buffer_.size() + piece.size() > buffer_size) flush();
    if (piece.size() > buffer_size) {
      write_out(piece);
    } else {
      buffer_.insert(buffer_.end(), piece.begin(), piece.end());
    }
  }

  void commit() {
    flush();
    sync(fd_, "sync");
    // A failed close is never repeated, the descriptor is gone either way; an interrupted one has closed, too.
    if (calls_.close(std::exchange(fd_, -1)) != 0 && errno != EINTR) fail_step(path_, "close", errno);
    if (calls_.rename(temporary_.c_str(), target_.file.c_str()) != 0) fail_step(path_, "rename", errno);
    renamed_ = true;
    sync_directory();
  }

 private:
  void create() {
    static std::atomic<std::uint64_t> counter{0};
    for (int attempt = 0; attempt < name_attempts; ++attempt) {
      temporary_ = target_.directory / message(".rattan-", ::getpid(), "-", counter++, ".tmp");
      fd_ = calls_.create(temporary_.c_str(), target_.mode);
      if (fd_ >= 0) return;
      if (errno != EEXIST && errno != EINTR) break;
    }
    fail_step(path_, "create a temporary file", errno);
  }

  void flush() {
    write_out(buffer_);
    buffer_.clear();
  }

  void write_out(std::span<const std::byte> rest) {
    while (!rest.empty()) {
      const ssize_t wrote = calls_.write(fd_, rest.data(), rest.size());
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) fail_step(path_, "write", errno);
      if (wrote == 0) fail_step(path_, "write", ENOSPC);
      rest = rest.subspan(static_cast<std::size_t>(wrote));
    }
  }

  void sync(int fd, const char* step) {
    int result = 0;
    do {
      result = calls_.sync(fd);
    } while (result != 0 && errno == EINTR);
    if (result != 0) fail_step(path_, step, errno);
  }

  void sync_directory() {
    do {
      fd_ = calls_.open_directory(target_.directory.c_str());
    } while (fd_ < 0 && errno == EINTR);
    if (fd_ < 0)
      fail_step(path_, "open the folder (the new file is in place, but not yet safe from a power cut)", errno);
    sync(fd_, "sync the folder (the new file is in place, but not yet safe from a power cut)");
    calls_.close(std::exchange(fd_, -1));
  }

  fs::path path_;
  Target target_;
  FileCalls& calls_;
  fs::path temporary_;
  std::vector<std::byte> buffer_;
  int fd_ = -1;
  bool renamed_ = false;
};

}  // namespace

void atomic_save(const fs::path& path, std::span<const std::span<const std::byte>> pieces, FileCalls& calls) {
  Save save(path, calls);
  for (const auto piece : pieces) save.write(piece);
  save.commit();
}

}  // namespace rattan
