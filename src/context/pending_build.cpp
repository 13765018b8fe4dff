#include "context/pending_build.h"

#include <chrono>
#include <utility>

#include "context/head_build.h"

namespace rattan {
namespace {

// How often who waits for another's build looks whether it is still wanted.
constexpr std::chrono::milliseconds patience{20};

}  // namespace

PendingBuild::PendingBuild(const HeadQueries& queries, std::uint32_t group, const ContextParams& params,
                           const HeadFit& fit, bool paged)
    : queries_(std::in_place, queries, params.link_queries), group_(group), params_(params), fit_(fit), paged_(paged) {}

std::shared_ptr<const HeadIndex> PendingBuild::result(const std::function<HeadRows()>& rows, Stoppable& executor,
                                                      const ExactTopK* exact) {
  std::unique_lock lock(mutex_);
  while (busy_) {
    if (executor.stopped()) throw Stopped{};
    changed_.wait_for(lock, patience);
  }
  if (built_) return built_;
  busy_ = true;
  lock.unlock();
  std::shared_ptr<const HeadIndex> made;
  std::exception_ptr failure;
  try {
    made = build(rows(), executor, exact);
  } catch (...) {
    failure = std::current_exception();
  }
  lock.lock();
  busy_ = false;
  changed_.notify_all();
  if (failure) std::rethrow_exception(failure);
  queries_.reset();
  built_ = made;
  return made;
}

std::shared_ptr<const HeadIndex> PendingBuild::build(const HeadRows& rows, Stoppable& executor,
                                                     const ExactTopK* exact) const {
  if (executor.stopped()) throw Stopped{};
  ContextParams params = params_;
  params.executor = &executor;
  const auto own = exact == nullptr ? make_exact_topk_cpu(&executor) : nullptr;
  const auto prefix = build_head(rows, queries_->queries(), group_, params, fit_, exact == nullptr ? *own : *exact);
  if (paged_) forget_rows(*prefix);
  return std::make_shared<const HeadIndex>(std::move(static_cast<HeadIndex&>(*prefix)));
}

}  // namespace rattan
