// Exact top-k that waits at a gate, or throws: a build in the background is where the test wants it.
#pragma once

#include <atomic>
#include <memory>
#include <stdexcept>

#include "rattan/exact_topk.h"

namespace rattan::test {

class GatedTopK final : public ExactTopK {
 public:
  NeighborTable find(MatrixView queries, MatrixView keys, std::uint32_t k, Metric metric,
                     const Visibility& visible) const override {
    ++calls;
    open.wait(false);
    if (failing) throw std::runtime_error("no links");
    return exact_->find(queries, keys, k, metric, visible);
  }

  void open_gate() {
    open = true;
    open.notify_all();
  }

  std::atomic<bool> open{false};
  std::atomic<bool> failing{false};
  mutable std::atomic<std::size_t> calls{0};

 private:
  std::unique_ptr<ExactTopK> exact_ = make_exact_topk_cpu(&serial_executor());
};

}  // namespace rattan::test
