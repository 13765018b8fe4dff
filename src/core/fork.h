// What objects with threads or locks of their own do about fork(), of whose threads only the calling one is in the
// child.
#pragma once

#include <mutex>

namespace rattan {

class ForkAware {
 public:
  ForkAware() = default;
  ForkAware(const ForkAware&) = delete;
  ForkAware& operator=(const ForkAware&) = delete;

 protected:
  ~ForkAware() = default;

  // A constructor ends with the one, a destructor begins with the other: between them fork() calls what follows.
  void watch_forks();
  void unwatch_forks() noexcept;

 public:
  // On the thread that forks, one object after another.
  virtual void before_fork() {}
  virtual void after_fork_in_parent() {}
  virtual void after_fork_in_child() = 0;
};

// A mutex for short sections that calls may be in while another thread forks: fork() waits until no thread is in one,
// so that in the child it is free and what it guards is whole. Sections may nest; none waits for anything but these.
class ForkSafeMutex {
 public:
  ForkSafeMutex();
  ForkSafeMutex(const ForkSafeMutex&) = delete;
  ForkSafeMutex& operator=(const ForkSafeMutex&) = delete;

  void lock();
  void unlock() noexcept;

 private:
  std::mutex mutex_;
};

}  // namespace rattan
