// Replacing a file so that a reader, a full disk, a kill or a power cut leaves the old content or the new, never a mix.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <span>

namespace rattan {

// The system calls of a save, one each, so that a test can refuse any of them. As in POSIX: negative or -1 with errno.
class FileCalls {
 public:
  virtual ~FileCalls() = default;

  virtual int create(const char* path, unsigned mode);  // for writing; fails with EEXIST if it exists
  virtual int open_directory(const char* path);
  virtual ssize_t write(int fd, const void* data, std::size_t size);
  virtual int sync(int fd);
  virtual int close(int fd);
  virtual int rename(const char* from, const char* to);
  virtual int remove(const char* path);
};

FileCalls& system_file_calls();

// Writes the pieces one after another to a temporary sibling (".rattan-<process>-<number>.tmp"), syncs it, renames it
// to `path` and syncs the directory. Every return value is checked. On failure: Error(io) naming `path`, the step and
// the reason, the old file untouched and the sibling removed; only when the directory's sync fails is the new file
// already in place. Killed in between: the old file is whole, the sibling may stay behind. A symbolic link at `path` is
// followed; anything there but a regular file is Error(io); a missing folder is Error(not_found). A replaced file's
// permissions are kept. Any number of saves may run at once; the last rename wins.
void atomic_save(const std::filesystem::path& path, std::span<const std::span<const std::byte>> pieces,
                 FileCalls& calls = system_file_calls());

}  // namespace rattan
