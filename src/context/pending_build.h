// The index of a KV head that is built in the background: once, for the sequence that it was ordered for and for its
// forks.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "context/head_evidence.h"
#include "context/head_prefix.h"
#include "context/memory_limit.h"
#include "context/stoppable.h"
#include "rattan/context.h"
#include "rattan/exact_topk.h"

namespace rattan {

class PendingBuild {
 public:
  // params: as fitted_params() makes them. Queries are copied, those that a build reads.
  PendingBuild(const HeadQueries& queries, std::uint32_t group, const ContextParams& params, const HeadFit& fit,
               bool paged);

  // Bytes of index and clusters at most, where there is a memory limit.
  std::size_t bytes() const noexcept { return fit_.bytes; }

  // rows: of the prefill, as who asks has them. Of several calls at once one builds, the others wait for it. exact:
  // that makes links; null: the CPU's. Throws Stopped where the executor is, and what a build does; then the next call
  // builds. What it returns is the same bytes as of a build on any other executor.
  std::shared_ptr<const HeadIndex> result(const std::function<HeadRows()>& rows, Stoppable& executor,
                                          const ExactTopK* exact);

 private:
  std::shared_ptr<const HeadIndex> build(const HeadRows& rows, Stoppable& executor, const ExactTopK* exact) const;

  std::optional<CopiedQueries> queries_;  // until it is built
  std::uint32_t group_;
  ContextParams params_;
  HeadFit fit_;
  bool paged_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool busy_ = false;
  std::shared_ptr<const HeadIndex> built_;
};

}  // namespace rattan
