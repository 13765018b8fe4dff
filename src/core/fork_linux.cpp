#include <pthread.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "core/fork.h"

namespace rattan {
namespace {

// Never destroyed: objects with static storage may end after it.
struct Registry {
  std::mutex mutex;
  std::vector<ForkAware*> objects;
};

Registry& registry() {
  static Registry& all = *new Registry;
  return all;
}

// Sections of ForkSafeMutex go through it together, fork() alone.
std::shared_mutex& gate() {
  static std::shared_mutex& one = *new std::shared_mutex;
  return one;
}

thread_local unsigned sections = 0;  // that this thread is in

// The gate last: what the others wait for may have sections to go through.
void prepare() {
  registry().mutex.lock();
  for (ForkAware* object : registry().objects) object->before_fork();
  gate().lock();
}

void parent() {
  gate().unlock();
  for (ForkAware* object : registry().objects) object->after_fork_in_parent();
  registry().mutex.unlock();
}

void child() {
  std::construct_at(&gate());  // it knows the parent's threads
  for (ForkAware* object : registry().objects) object->after_fork_in_child();
  registry().mutex.unlock();
}

// Where there is no memory for it, as in fork_other.cpp.
void register_once() {
  static const int registered = pthread_atfork(prepare, parent, child);
  static_cast<void>(registered);
}

}  // namespace

void ForkAware::watch_forks() {
  register_once();
  const std::lock_guard lock(registry().mutex);
  registry().objects.push_back(this);
}

void ForkAware::unwatch_forks() noexcept {
  const std::lock_guard lock(registry().mutex);
  std::erase(registry().objects, this);
}

ForkSafeMutex::ForkSafeMutex() { register_once(); }

void ForkSafeMutex::lock() {
  if (sections++ == 0) gate().lock_shared();
  mutex_.lock();
}

void ForkSafeMutex::unlock() noexcept {
  mutex_.unlock();
  if (--sections == 0) gate().unlock_shared();
}

}  // namespace rattan
