// Appends, searches, seals and saves at once, with more threads than cores, lifetime after lifetime. Runs for
// RATTAN_STRESS_SECONDS (2 where it is not set); meant for ThreadSanitizer. FAULTS F1: a visible key is whole.
#include <gtest/gtest.h>

#include <atomic>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/random.h"
#include "index/growing_index.h"
#include "tests/index/growing_cases.h"
#include "tests/support/files.h"
#include "tests/support/matrices.h"
#include "tests/support/stress.h"

namespace rattan {
namespace {

constexpr std::size_t dim = 24;
constexpr std::size_t base_keys = 600;
constexpr std::size_t capacity = 2200;
constexpr std::size_t searchers = 5;

// The first channel of a grown key tells its id, and grows with it: the marker query finds the newest key first, and
// the score says whether the key was whole.
float mark_of(KeyId id) { return 100.0F + static_cast<float>(id); }

SharedMatrix marked_keys(std::uint64_t seed) {
  const SharedMatrix keys = test::random_matrix(capacity, dim, seed);
  for (std::size_t row = 0; row < capacity; ++row) {
    test::set_element(keys, row, 0, row < base_keys ? 0.0F : mark_of(static_cast<KeyId>(row)));
  }
  return keys;
}

class Lifetime {
 public:
  Lifetime(std::shared_ptr<const Index> base, const SharedMatrix& keys, std::uint64_t seed)
      : keys_(keys), seed_(seed), index_(std::move(base), test::growth_params(capacity)), known_(index_.size()) {}

  void run() {
    {
      std::vector<std::jthread> threads;
      threads.emplace_back([this] { write(); });
      threads.emplace_back([this] { seal(); });
      threads.emplace_back([this] { save(); });
      for (std::size_t i = 0; i < searchers; ++i) threads.emplace_back([this, i] { search(i); });
    }
    after_truncation();
  }

  std::size_t searches = 0;
  std::size_t seals = 0;
  std::atomic<std::size_t> wrong{0};

 private:
  void write() {
    const SharedMatrix queries = test::random_matrix(64, dim, seed_ + 1);
    for (std::size_t next = index_.size(), step = 0; next < capacity; ++step) {
      const std::size_t count = std::min<std::size_t>(1 + random_below(seed_, step, 9), capacity - next);
      index_.append(keys_.view.slice(next, count));
      index_.keep_queries(queries.view.slice(step % 60, 4));
      next += count;
      known_.store(next, std::memory_order_release);
      if (step % 16 == 0) std::this_thread::yield();
    }
    done_.store(true);
  }

  void seal() {
    while (!done_.load()) {
      const std::size_t open = index_.size() - index_.sealed();
      if (open > 100) {
        index_.seal(index_.sealed() + open / 2, serial_executor());
        ++seals;
      } else {
        std::this_thread::yield();
      }
    }
  }

  void save() {
    const test::TempDirectory directory;
    while (!done_.load()) index_.base().save(directory / "base");
  }

  void search(std::size_t thread) {
    const test::ScratchPointer scratch = GrowingIndex::make_scratch();
    const SharedMatrix queries = test::random_matrix(4, dim, seed_ + 2 + thread);
    std::vector<float> marker(dim, 0.0F);
    marker[0] = 1;
    std::size_t count = 0;
    for (bool last = false; !last; ++count) {
      last = done_.load();
      // Searches by the kind, then the oracle: an append that returned is found by the next exact query.
      SearchParams params;
      params.k = 20;
      params.candidate_range = {static_cast<KeyId>(count % 500), no_key};
      check(index_.search(queries.view, params, *scratch), *scratch, 4, params);
      const std::size_t known = known_.load(std::memory_order_acquire);
      params.candidate_range = {};
      params.beam_width = 2 * capacity;
      params.rerank = 0;
      check(index_.search({marker.data(), DType::f32, 1, dim}, params, *scratch), *scratch, 1, params);
      const GrowingIndex::Found found = GrowingIndex::results(*scratch, 0);
      if (known > base_keys && (found.ids.empty() || found.ids[0] + 1 < known)) ++wrong;
      for (std::size_t i = 0; i < found.ids.size(); ++i) {
        if (found.ids[i] >= base_keys && found.scores[i] != mark_of(found.ids[i])) ++wrong;
      }
    }
    const std::lock_guard lock(counting_);
    searches += count;
  }

  void check(const SearchStats& stats, GrowingIndex::Scratch& scratch, std::size_t rows, const SearchParams& params) {
    const std::size_t size = index_.size();
    if (stats.keys_scored == 0) ++wrong;
    for (std::size_t row = 0; row < rows; ++row) {
      for (const KeyId id : GrowingIndex::results(scratch, row).ids) {
        if (id >= size || !params.candidate_range.contains(id)) ++wrong;
      }
    }
  }

  // Nobody else is about any more.
  void after_truncation() {
    const std::size_t size = base_keys + random_below(seed_, 1000, capacity - base_keys);
    index_.truncate(size);
    index_.append(keys_.view.slice(size, std::min<std::size_t>(40, capacity - size)));
    index_.seal(index_.size(), serial_executor());
    if (index_.size() != std::min(size + 40, capacity)) ++wrong;
  }

  const SharedMatrix& keys_;
  std::uint64_t seed_;
  GrowingIndex index_;
  std::atomic<std::size_t> known_;  // appended keys, by what append() has returned
  std::atomic<bool> done_{false};
  std::mutex counting_;
};

TEST(GrowingStress, F1_AppendSearchSealSaveDestroy) {
  const SharedMatrix keys = marked_keys(1);
  std::vector<std::shared_ptr<const Index>> bases;
  for (const char* kind : {"graph", "scan4", "flat"}) bases.push_back(test::grown_base(kind, keys, base_keys));
  const auto end = test::stress_end();
  std::size_t lifetimes = 0;
  std::size_t searches = 0;
  std::size_t seals = 0;
  std::size_t wrong = 0;
  for (; test::Clock::now() < end && wrong == 0; ++lifetimes) {
    Lifetime lifetime(bases[lifetimes % bases.size()], keys, lifetimes);
    lifetime.run();
    searches += lifetime.searches;
    seals += lifetime.seals;
    wrong += lifetime.wrong;
  }
  EXPECT_EQ(wrong, 0U);
  EXPECT_GT(searches, 0U);
  RecordProperty("lifetimes", std::to_string(lifetimes));
  std::cout << lifetimes << " lifetimes, " << 2 * searches << " searches, " << seals << " seals\n";
}

}  // namespace
}  // namespace rattan
