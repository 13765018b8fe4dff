// The threads that a call asked for.
#pragma once

#include <memory>

#include "rattan/executor.h"

namespace rattan::python {

// 0: the package's own pool for everybody; 1: the calling thread alone.
class Threads {
 public:
  // Throws Error(invalid_argument) above 1024.
  explicit Threads(unsigned threads);
  Executor* get() const noexcept { return executor_; }

 private:
  std::unique_ptr<Executor> owned_;
  Executor* executor_ = nullptr;
};

}  // namespace rattan::python
