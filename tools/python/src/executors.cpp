#include "executors.h"

namespace rattan::python {

Threads::Threads(unsigned threads) {
  if (threads == 1) {
    executor_ = &serial_executor();
  } else if (threads > 1) {
    owned_ = make_openmp_executor(threads);
    executor_ = owned_.get();
  }
}

}  // namespace rattan::python
