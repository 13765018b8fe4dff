#include "storage/file_bytes.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <system_error>
#include <utility>

#include "core/check.h"

namespace rattan {
namespace {

[[noreturn]] void fail_io(const std::filesystem::path& path, const char* action, int error) {
  const ErrorCode code = error == ENOENT || error == ENOTDIR ? ErrorCode::not_found : ErrorCode::io;
  fail(code, path.string(), ": cannot ", action, ": ", std::generic_category().message(error));
}

class Descriptor {
 public:
  // O_NONBLOCK: opening a FIFO without a writer would wait for ever; it means nothing for regular files.
  explicit Descriptor(const std::filesystem::path& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (fd_ < 0) fail_io(path, "open", errno);
  }
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

std::size_t regular_size(const Descriptor& file, const std::filesystem::path& path) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) fail_io(path, "stat", errno);
  if (S_ISDIR(status.st_mode)) fail(ErrorCode::io, path.string(), ": is a directory, expected a file");
  if (!S_ISREG(status.st_mode)) fail(ErrorCode::io, path.string(), ": is not a regular file");
  if (status.st_size == 0) fail(ErrorCode::corrupt, path.string(), ": is empty");
  return static_cast<std::size_t>(status.st_size);
}

class CopiedBytes final : public FileBytes {
 public:
  CopiedBytes(std::unique_ptr<std::byte[]> memory, std::size_t size)
      : FileBytes({memory.get(), size}), memory_(std::move(memory)) {}

 private:
  std::unique_ptr<std::byte[]> memory_;
};

class MappedBytes final : public FileBytes {
 public:
  MappedBytes(void* address, std::size_t size)
      : FileBytes({static_cast<const std::byte*>(address), size}), address_(address), size_(size) {}
  ~MappedBytes() override { ::munmap(address_, size_); }

 private:
  void* address_;
  std::size_t size_;
};

std::shared_ptr<const FileBytes> copy_file(const Descriptor& file, std::size_t size,
                                           const std::filesystem::path& path) {
  std::unique_ptr<std::byte[]> memory(new (std::nothrow) std::byte[size]);
  if (memory == nullptr) fail(ErrorCode::no_memory, path.string(), ": no memory for ", size, " bytes");
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::read(file.get(), memory.get() + done, std::min(size - done, std::size_t{1} << 30));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_io(path, "read", errno);
    if (got == 0) fail(ErrorCode::io, path.string(), ": shrank from ", size, " to ", done, " bytes while it was read");
    done += static_cast<std::size_t>(got);
  }
  return std::make_shared<const CopiedBytes>(std::move(memory), size);
}

std::shared_ptr<const FileBytes> map_file(const Descriptor& file, std::size_t size, const std::filesystem::path& path) {
  void* const address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (address == MAP_FAILED) fail_io(path, "map", errno);
  try {
    return std::make_shared<const MappedBytes>(address, size);
  } catch (...) {
    ::munmap(address, size);
    throw;
  }
}

}  // namespace

std::shared_ptr<const FileBytes> FileBytes::open(const std::filesystem::path& path, Access access) {
  const Descriptor file(path);
  const std::size_t size = regular_size(file, path);
  return access == Access::map ? map_file(file, size, path) : copy_file(file, size, path);
}

}  // namespace rattan
