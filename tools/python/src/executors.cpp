#include "executors.h"

#include <string>

#include "pool.h"
#include "rattan/types.h"

namespace rattan::python {

Threads::Threads(unsigned threads) {
  if (threads > 1024)
    throw Error(ErrorCode::invalid_argument, "threads: " + std::to_string(threads) + " is not in [0, 1024]");
  if (threads > 1) owned_ = make_thread_executor(threads);
  executor_ = threads == 0 ? &default_pool() : threads == 1 ? &serial_executor() : owned_.get();
}

}  // namespace rattan::python
