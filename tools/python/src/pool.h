// Threads of the package's own. torch, numpy and others bring an OpenMP each, whose threads spin between regions and
// take the cores from everybody else's; and an OpenMP region waits for its whole team, which a busy machine wakes late.
#pragma once

#include <memory>

#include "rattan/executor.h"

namespace rattan::python {

// The calling thread works too, and run() waits only for tasks that another thread has begun: where no other wakes in
// time (or there is none, in a forked process), the caller does everything itself. Threads start at the first run of
// two tasks.
std::unique_ptr<Executor> make_pool(unsigned threads);

// One for all calls that name no number of threads: as many as the process may use processors.
Executor& default_pool();

}  // namespace rattan::python
