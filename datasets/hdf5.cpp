#include "datasets/hdf5.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

#include "core/check.h"
#include "datasets/hdf5_file.h"
#include "datasets/hdf5_message.h"

namespace rattan::datasets {

const bool have_hdf5 = true;

namespace {

class Pipe {
 public:
  Pipe() {
    if (::pipe(ends_.data()) != 0) fail(ErrorCode::io, "no pipe for reading HDF5: ", std::strerror(errno));
  }
  ~Pipe() {
    close_read();
    close_write();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int read_end() const noexcept { return ends_[0]; }
  int write_end() const noexcept { return ends_[1]; }
  void close_read() { close(ends_[0]); }
  void close_write() { close(ends_[1]); }

 private:
  static void close(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }

  std::array<int, 2> ends_{};
};

// In the child: a handler of the host's is not for what libhdf5 does there.
void forget_handlers() {
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction now {};
    if (::sigaction(signal, nullptr, &now) == 0 && now.sa_handler != SIG_IGN) std::signal(signal, SIG_DFL);
  }
}

// In the child: libhdf5 goes round for ever in some damaged files.
void limit_seconds(std::uint64_t file_bytes) {
  constexpr std::uint64_t least = 2;
  constexpr std::uint64_t bytes_per_second = 4 << 20;  // packed ones; a tenth of what deflate does
  struct rlimit now {};
  if (::getrlimit(RLIMIT_CPU, &now) != 0) return;
  now.rlim_cur = std::min<rlim_t>(now.rlim_cur, least + file_bytes / bytes_per_second);
  ::setrlimit(RLIMIT_CPU, &now);
}

// In the child. Everything is read before anything is sent.
void read_and_send(const std::filesystem::path& path, int file) {
  try {
    send_vectors(file, read_hdf5_here(path));
  } catch (const Error& error) {
    send_error(file, error.code(), error.what());
  } catch (const std::exception& error) {
    send_error(file, ErrorCode::io, path.string() + ": " + error.what());
  }
}

}  // namespace

Hdf5Vectors read_hdf5(const std::filesystem::path& path) {
  (void)Source::open(path, Access::map);  // what is missing or empty is said as of other files
  const std::uint64_t file_bytes = std::filesystem::file_size(path);
  Pipe pipe;
  const pid_t child = ::fork();
  if (child < 0) fail(ErrorCode::io, path.string(), ": no process for reading HDF5: ", std::strerror(errno));
  if (child == 0) {
    pipe.close_read();
    forget_handlers();
    limit_seconds(file_bytes);
    read_and_send(path, pipe.write_end());
    ::kill(::getpid(), SIGKILL);  // no destructor of the parent's runs in the child
  }
  pipe.close_write();
  const auto wait = [&] {
    pipe.close_read();
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
  };
  try {
    Hdf5Vectors vectors = receive_vectors(pipe.read_end(), path.string(), file_bytes);
    wait();
    return vectors;
  } catch (...) {
    wait();
    throw;
  }
}

}  // namespace rattan::datasets
