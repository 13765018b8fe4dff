#include "tests/campaign/faults.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <utility>

extern "C" {
void* __libc_malloc(std::size_t);                 // NOLINT(bugprone-reserved-identifier): glibc's
void* __libc_calloc(std::size_t, std::size_t);    // NOLINT(bugprone-reserved-identifier)
void* __libc_realloc(void*, std::size_t);         // NOLINT(bugprone-reserved-identifier)
void* __libc_memalign(std::size_t, std::size_t);  // NOLINT(bugprone-reserved-identifier)
void __libc_free(void*);                          // NOLINT(bugprone-reserved-identifier)
}

namespace rattan::test {
namespace {

// `kind` is written while the others stand still.
FaultKind armed_kind;
int armed_error = 0;
std::atomic<bool> armed{false};
std::atomic<std::uint64_t> seen{0};
std::uint64_t failing = 0;
std::atomic<bool> failed{false};
std::atomic<std::int64_t> held{0};
std::function<void()> change;

// The file that RATTAN_CAMPAIGN_STACKS names; -1: none. The first backtrace() takes memory for good.
int open_stacks() {
  const char* const name = std::getenv("RATTAN_CAMPAIGN_STACKS");
  if (name == nullptr) return -1;
  void* frame = nullptr;
  ::backtrace(&frame, 1);
  return ::open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
}
const int stacks = open_stacks();

// Where a point is: the return addresses of its callers, innermost first, as a line of hexadecimal offsets in the
// program, for tools/campaign/points.
void tell_stack() {
  if (stacks < 0) return;
  std::array<void*, 48> frames{};
  const int count = ::backtrace(frames.data(), static_cast<int>(frames.size()));
  Dl_info program{};
  ::dladdr(reinterpret_cast<void*>(&tell_stack), &program);
  for (int i = 0; i < count; ++i) {
    const auto offset =
        static_cast<const char*>(frames[static_cast<std::size_t>(i)]) - static_cast<const char*>(program.dli_fbase);
    ::dprintf(stacks, "%tx ", offset);
  }
  ::dprintf(stacks, "\n");
}

bool fails(FaultKind kind) {
  if (!armed.load(std::memory_order_acquire) || armed_kind != kind) return false;
  if (seen.fetch_add(1) != failing) return false;
  tell_stack();
  failed = true;
  return true;
}

// Before a file call: whether it is to fail.
bool file_fails() {
  if (fails(FaultKind::kill_before)) ::kill(::getpid(), SIGKILL);
  if (fails(FaultKind::change_before)) change();
  if (!fails(FaultKind::file)) return false;
  errno = armed_error;
  return true;
}

template <typename T>
T done(T result) {
  const int error = errno;
  if (fails(FaultKind::kill_after)) ::kill(::getpid(), SIGKILL);
  if (fails(FaultKind::change_after)) change();
  errno = error;
  return result;
}

void* counted(void* memory) {
  if (memory != nullptr) held.fetch_add(1, std::memory_order_relaxed);
  return memory;
}

void* refused() {
  errno = ENOMEM;
  return nullptr;
}

template <typename Function>
Function real(Function, const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

void arm(FaultKind kind, std::uint64_t after, int error) {
  armed_kind = kind;
  armed_error = error;
  failing = after;
  seen = 0;
  failed = false;
  armed.store(true, std::memory_order_release);
}

void set_change(std::function<void()> made) { change = std::move(made); }

bool disarm() {
  armed = false;
  return failed;
}

std::uint64_t calls_seen() { return seen; }
std::int64_t blocks_held() { return held; }

}  // namespace rattan::test

using rattan::test::FaultKind;

extern "C" {

void* malloc(std::size_t bytes) {
  if (rattan::test::fails(FaultKind::allocation)) return rattan::test::refused();
  return rattan::test::counted(__libc_malloc(bytes));
}

void* calloc(std::size_t count, std::size_t bytes) {
  if (rattan::test::fails(FaultKind::allocation)) return rattan::test::refused();
  return rattan::test::counted(__libc_calloc(count, bytes));
}

void* realloc(void* memory, std::size_t bytes) {
  if (rattan::test::fails(FaultKind::allocation)) return rattan::test::refused();
  return memory == nullptr ? rattan::test::counted(__libc_realloc(memory, bytes)) : __libc_realloc(memory, bytes);
}

void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  if (rattan::test::fails(FaultKind::allocation)) return rattan::test::refused();
  return rattan::test::counted(__libc_memalign(alignment, bytes));
}

void* memalign(std::size_t alignment, std::size_t bytes) { return aligned_alloc(alignment, bytes); }

int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) {
  void* const made = aligned_alloc(alignment, bytes);
  if (made == nullptr) return ENOMEM;
  *memory = made;
  return 0;
}

void free(void* memory) {
  if (memory == nullptr) return;
  rattan::test::held.fetch_sub(1, std::memory_order_relaxed);
  __libc_free(memory);
}

int open(const char* path, int flags, ...) {
  std::va_list rest;
  va_start(rest, flags);
  const auto mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  static const auto call = rattan::test::real(&open, "open");
  return rattan::test::file_fails() ? -1 : rattan::test::done(call(path, flags, mode));
}

ssize_t read(int file, void* data, std::size_t size) {
  static const auto call = rattan::test::real(&read, "read");
  return rattan::test::file_fails() ? -1 : rattan::test::done(call(file, data, size));
}

ssize_t write(int file, const void* data, std::size_t size) {
  static const auto call = rattan::test::real(&write, "write");
  if (rattan::test::file_fails()) return -1;
  if (rattan::test::fails(FaultKind::short_write)) size = (size + 1) / 2;
  return rattan::test::done(call(file, data, size));
}

int fsync(int file) {
  static const auto call = rattan::test::real(&fsync, "fsync");
  return rattan::test::file_fails() ? -1 : rattan::test::done(call(file));
}

int close(int file) {
  static const auto call = rattan::test::real(&close, "close");
  // A failed close has closed all the same.
  const bool failing = rattan::test::file_fails();
  const int error = errno;
  const int result = rattan::test::done(call(file));
  if (failing) errno = error;
  return failing ? -1 : result;
}

int rename(const char* from, const char* to) noexcept {
  static const auto call = rattan::test::real(&rename, "rename");
  return rattan::test::file_fails() ? -1 : rattan::test::done(call(from, to));
}

int fstat(int file, struct stat* status) noexcept {
  static const auto call = rattan::test::real(&fstat, "fstat");
  return rattan::test::file_fails() ? -1 : rattan::test::done(call(file, status));
}

void* mmap(void* at, std::size_t size, int protection, int flags, int file, off_t offset) noexcept {
  static const auto call = rattan::test::real(&mmap, "mmap");
  if (file >= 0 && rattan::test::file_fails()) return MAP_FAILED;
  return call(at, size, protection, flags, file, offset);
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                   void* argument) noexcept {
  static const auto call = rattan::test::real(&pthread_create, "pthread_create");
  return rattan::test::fails(FaultKind::thread) ? EAGAIN : call(thread, attributes, start, argument);
}
}
