#include <pthread.h>

#include <algorithm>
#include <mutex>
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

void prepare() {
  registry().mutex.lock();
  for (ForkAware* object : registry().objects) object->before_fork();
}

void parent() {
  for (ForkAware* object : registry().objects) object->after_fork_in_parent();
  registry().mutex.unlock();
}

void child() {
  for (ForkAware* object : registry().objects) object->after_fork_in_child();
  registry().mutex.unlock();
}

}  // namespace

void ForkAware::watch_forks() {
  static const int registered = pthread_atfork(prepare, parent, child);
  static_cast<void>(registered);  // where there is no memory for it, as in fork_other.cpp
  const std::lock_guard lock(registry().mutex);
  registry().objects.push_back(this);
}

void ForkAware::unwatch_forks() noexcept {
  const std::lock_guard lock(registry().mutex);
  std::erase(registry().objects, this);
}

}  // namespace rattan
