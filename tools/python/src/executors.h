// The threads that a call asked for.
#pragma once

#include <memory>

#include "rattan/executor.h"

namespace rattan::python {

// Null (the library's default) for 0; the calling thread alone for 1.
class Threads {
 public:
  explicit Threads(unsigned threads);
  Executor* get() const noexcept { return executor_; }

 private:
  std::unique_ptr<Executor> owned_;
  Executor* executor_ = nullptr;
};

}  // namespace rattan::python
