// parallel_for over an Executor, in blocks of fixed size: block borders never depend on the number of threads.
#pragma once

#include <algorithm>
#include <cstddef>

#include "rattan/executor.h"

namespace rattan {

// Calls body(begin, end, worker) for consecutive blocks of at most `block` items that cover [0, items). A single block
// runs on the calling thread, as worker 0.
template <typename Body>
void parallel_blocks(Executor& executor, std::size_t items, std::size_t block, const Body& body) {
  if (items == 0) return;
  const std::size_t tasks = (items + block - 1) / block;
  if (tasks == 1) {
    body(std::size_t{0}, items, 0U);  // waking workers would cost more than it saves
    return;
  }
  executor.run(tasks, [&](std::size_t task, unsigned worker) {
    const std::size_t begin = task * block;
    body(begin, std::min(items, begin + block), worker);
  });
}

inline Executor& executor_or_default(Executor* executor) {
  return executor != nullptr ? *executor : default_executor();
}

}  // namespace rattan
