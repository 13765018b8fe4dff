// The only file with OpenMP in it.
#include "rattan/executor.h"

#include <omp.h>

#include <atomic>
#include <cstdint>

#include "core/check.h"
#include "core/thread_pool.h"

namespace rattan {
namespace {

// A team lives as long as its process: in a forked child it is gone, and a region would wait for it forever.
class Team final : ForkAware {
 public:
  static bool gone() noexcept { return team().gone_.load(std::memory_order_relaxed); }
  static Team& team() {
    static Team& only = *new Team;  // never destroyed, as the runtime is not
    return only;
  }

 private:
  Team() { watch_forks(); }
  void after_fork_in_child() override { gone_ = true; }

  std::atomic<bool> gone_{false};
};

class OpenMpExecutor final : public Executor {
 public:
  explicit OpenMpExecutor(unsigned threads) : threads_(threads) { Team::team(); }

  unsigned workers() const noexcept override {
    return threads_ != 0 ? threads_ : static_cast<unsigned>(omp_get_max_threads());
  }

  void run(std::size_t tasks, const Task& task) override {
    FirstError error;
    const auto count = static_cast<std::int64_t>(tasks);
    const int threads = Team::gone() ? 1 : static_cast<int>(workers());
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
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

// Never destroyed: its threads may be in a call when the process ends.
Executor& default_executor() {
  static Executor& executor = *new ThreadPool(static_cast<unsigned>(omp_get_max_threads()));
  return executor;
}

std::unique_ptr<Executor> make_thread_executor(unsigned threads) {
  check_range("threads of make_thread_executor", threads, 0U, 1024U);
  return std::make_unique<ThreadPool>(threads != 0 ? threads : default_executor().workers());
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
