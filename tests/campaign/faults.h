// A program that links this has its memory, file and thread calls replaced by ones of which any single one can be made
// to fail. Of glibc; not under sanitizers, which replace them as well.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace rattan::test {

enum class FaultKind : std::uint8_t {
  allocation,     // malloc and its like give no memory
  file,           // a file call fails with `error`
  short_write,    // a write takes half of what it is given
  thread,         // pthread_create gives EAGAIN
  kill_before,    // the process ends by SIGKILL instead of a file call
  kill_after,     // and behind it
  change_before,  // set_change()'s function is called before a file call
  change_after    // and behind it
};

// From here on the call number `after` of its kind fails, counted from 0 over all threads, once.
void arm(FaultKind kind, std::uint64_t after, int error = 0);
// What a change is; it may call file functions itself.
void set_change(std::function<void()> change);
// True where it has failed.
bool disarm();
// Calls of the armed kind since arm().
std::uint64_t calls_seen();

// Blocks of memory that were given and not taken back.
std::int64_t blocks_held();

}  // namespace rattan::test
