// What objects with threads or locks of their own do about fork(), of whose threads only the calling one is in the
// child.
#pragma once

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

}  // namespace rattan
