// Builds of a context's heads that go on in the background: several heads at once, on threads of their own.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "context/background.h"
#include "context/layer.h"
#include "rattan/context.h"
#include "rattan/exact_topk.h"
#include "rattan/executor.h"

namespace rattan {

class BackgroundBuilds {
 public:
  // ContextParams::build_threads threads, which start with the first order; exact: ContextParams::exact.
  explicit BackgroundBuilds(const ContextParams& params);
  ~BackgroundBuilds() { stop(); }
  BackgroundBuilds(const BackgroundBuilds&) = delete;
  BackgroundBuilds& operator=(const BackgroundBuilds&) = delete;

  // Heads of the layer whose builds are pending, in the order of the calls; one that fails tells its layer.
  void order(Layer& layer);
  // What runs ends at its next step; what waits is forgotten. Nothing of a layer is read any more.
  void stop();
  // Returns when every head that was ordered has been built, or has failed.
  void wait() { background_.wait(); }
  BuildProgress progress() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Head {
    Layer* layer = nullptr;
    std::size_t head = 0;
  };

  void wait_for_turn(const std::vector<Head>& heads);
  void work();
  void count_done(std::size_t heads);

  const ExactTopK* exact_;
  std::unique_ptr<Executor> executor_;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::vector<Head> waiting_;
  bool dropping_ = false;
  BuildProgress progress_;
  Clock::time_point begun_;  // while there are heads to build
  Background background_;    // the last: its thread ends before what it works on
};

}  // namespace rattan
