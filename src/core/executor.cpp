// The only file with OpenMP in it.
#include "rattan/executor.h"

#include <omp.h>

#include <cstdint>
#include <exception>
#include <limits>
#include <mutex>

#include "core/check.h"

namespace rattan {
namespace {

// Keeps the exception of the lowest-numbered task that threw; an exception must not leave an OpenMP region.
class FirstError {
 public:
  void capture(std::size_t task) noexcept {
    const std::lock_guard lock(mutex_);
    if (task < task_) {
      task_ = task;
      error_ = std::current_exception();
    }
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::mutex mutex_;
  std::size_t task_ = std::numeric_limits<std::size_t>::max();
  std::exception_ptr error_;
};

class OpenMpExecutor final : public Executor {
 public:
  explicit OpenMpExecutor(unsigned threads) : threads_(threads) {}

  unsigned workers() const noexcept override {
    return threads_ != 0 ? threads_ : static_cast<unsigned>(omp_get_max_threads());
  }

  void run(std::size_t tasks, const Task& task) override {
    FirstError error;
    const auto count = static_cast<std::int64_t>(tasks);
#pragma omp parallel for schedule(dynamic, 1) num_threads(static_cast <int>(workers()))
    for (std::int64_t i = 0; i < count; ++i) {
      try {
        task(static_cast<std::size_t>(i), static_cast<unsigned>(omp_get_thread_num()));
      } catch (...) {
        error.capture(static_cast<std::size_t>(i));
      }
    }
    error.rethrow();
  }

 private:
  unsigned threads_;
};

class SerialExecutor final : public Executor {
 public:
  unsigned workers() const noexcept override { return 1; }
  void run(std::size_t tasks, const Task& task) override {
    for (std::size_t i = 0; i < tasks; ++i) task(i, 0);
  }
};

}  // namespace

Executor& default_executor() {
  static OpenMpExecutor executor(0);
  return executor;
}

std::unique_ptr<Executor> make_openmp_executor(unsigned threads) {
  // The OpenMP runtime ends the process when it cannot start a thread.
  check_range("threads of make_openmp_executor", threads, 0U, 1024U);
  return std::make_unique<OpenMpExecutor>(threads);
}

Executor& serial_executor() {
  static SerialExecutor executor;
  return executor;
}

}  // namespace rattan
