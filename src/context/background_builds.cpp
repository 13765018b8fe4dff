#include "context/background_builds.h"

#include <algorithm>
#include <utility>

#include "context/stoppable.h"
#include "core/parallel.h"

namespace rattan {
namespace {

unsigned build_threads(const ContextParams& params) {
  if (params.build_threads != 0) return params.build_threads;
  return std::max(1U, executor_or_default(params.executor).workers() / 2);
}

}  // namespace

// The pool is made here and not when it is needed: a pool must not begin to watch forks while one waits for a job.
BackgroundBuilds::BackgroundBuilds(const ContextParams& params)
    : exact_(params.exact),
      executor_(params.background_build ? make_thread_executor(build_threads(params)) : nullptr),
      background_(&stopping_) {}

void BackgroundBuilds::order(Layer& layer) {
  std::vector<Head> heads;
  for (std::size_t h = 0; h < layer.heads(); ++h) {
    if (layer.building(h)) heads.push_back({&layer, h});
  }
  if (heads.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    if (progress_.heads == 0) begun_ = Clock::now();
    progress_.heads += heads.size();
  }
  try {
    wait_for_turn(heads);
  } catch (...) {
    count_done(heads.size());
    throw;
  }
}

// Where it throws nothing waits.
void BackgroundBuilds::wait_for_turn(const std::vector<Head>& heads) {
  const std::lock_guard lock(mutex_);
  waiting_.reserve(waiting_.size() + heads.size());
  background_.run([this] { work(); });
  waiting_.insert(waiting_.end(), heads.begin(), heads.end());
}

void BackgroundBuilds::stop() {
  {
    const std::lock_guard lock(mutex_);
    dropping_ = true;
    waiting_.clear();
  }
  stopping_.store(true);
  background_.forget();
  stopping_.store(false);
  const std::size_t heads = progress().heads;
  count_done(heads);
  const std::lock_guard lock(mutex_);
  dropping_ = false;
}

// All heads that wait, by the whole pool: where there are fewer heads than threads, several work on one.
void BackgroundBuilds::work() {
  std::vector<Head> heads;
  {
    const std::lock_guard lock(mutex_);
    heads.swap(waiting_);
  }
  executor_->run(heads.size(), [&](std::size_t i, unsigned) {
    Stoppable executor(stopping_, *executor_);
    heads[i].layer->try_build(heads[i].head, executor, exact_);
    if (!heads[i].layer->building(heads[i].head)) count_done(1);
  });
  std::erase_if(heads, [](const Head& head) { return !head.layer->building(head.head); });
  {
    const std::lock_guard lock(mutex_);
    if (heads.empty() || dropping_) return;
  }
  // A fork() of the process has stopped them: they begin again, there and here.
  try {
    wait_for_turn(heads);
  } catch (...) {
    for (const Head& head : heads) head.layer->drop_build(head.head);
    count_done(heads.size());
  }
}

void BackgroundBuilds::count_done(std::size_t heads) {
  const std::lock_guard lock(mutex_);
  if (heads == 0) return;
  progress_.heads -= heads;
  if (progress_.heads == 0) progress_.seconds += std::chrono::duration<double>(Clock::now() - begun_).count();
}

BuildProgress BackgroundBuilds::progress() const {
  const std::lock_guard lock(mutex_);
  BuildProgress progress = progress_;
  if (progress.heads != 0) progress.seconds += std::chrono::duration<double>(Clock::now() - begun_).count();
  return progress;
}

}  // namespace rattan
