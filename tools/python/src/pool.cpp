#include "pool.h"

#include <sched.h>

#include <algorithm>
#include <thread>

namespace rattan::python {
namespace {

unsigned processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
  return std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

// Never destroyed: its threads may not be there any more when the process ends, or be in a call.
Executor& default_pool() {
  static Executor& pool = *make_thread_executor(processors()).release();
  return pool;
}

}  // namespace rattan::python
