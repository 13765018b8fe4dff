// A server with four slots over one cache: requests keep a prefix of what their slot holds, are cut, shifted and
// loaded, and decode together. Every answered row is compared with exact attention.
#include <gtest/gtest.h>

#include <random>

#include "fake_cache.h"

namespace rattan::llama::test {
namespace {

class Slots {
 public:
  Slots(const Settings& settings, unsigned seed) : cache_(settings), random_(seed) {}

  void request() {
    std::vector<std::size_t>& slot = slots_[pick(slots_.size())];
    if (pick(4) == 0) slot.clear();
    slot.resize(pick(slot.size() + 1));
    if (pick(8) == 0) shift(slot);
    if (pick(8) == 0) load(slot);
    prefill(slot, 20 + pick(60));
    for (std::size_t steps = pick(12); steps > 0; --steps) decode();
  }

  FakeCache& cache() { return cache_; }
  std::size_t answered() const { return answered_; }

 private:
  std::size_t pick(std::size_t below) { return random_() % below; }

  // The lowest cell of no slot, as llama.cpp takes them.
  std::size_t free_cell() const {
    std::set<std::size_t> used;
    for (const auto& slot : slots_) used.insert(slot.begin(), slot.end());
    std::size_t cell = 0;
    while (used.contains(cell)) ++cell;
    return cell;
  }

  FakeCache::Token append(std::vector<std::size_t>& slot) {
    slot.push_back(free_cell());
    return {slot.back(), std::set<std::size_t>(slot.begin(), slot.end())};
  }

  void prefill(std::vector<std::size_t>& slot, std::size_t tokens) {
    if (slot.size() + tokens > FakeCache::cells / 4) slot.resize(10);
    std::vector<FakeCache::Token> batch;
    for (std::size_t i = 0; i < tokens; ++i) batch.push_back(append(slot));
    answered_ += cache_.step(batch);
  }

  // One token, or a draft of which one is kept, of every slot that has any.
  void decode() {
    std::vector<FakeCache::Token> batch;
    const std::size_t drafted = 1 + pick(2);
    for (auto& slot : slots_) {
      if (slot.empty() || slot.size() + drafted > FakeCache::cells / 4) continue;
      for (std::size_t i = 0; i < drafted; ++i) batch.push_back(append(slot));
    }
    if (batch.empty()) return;
    answered_ += cache_.step(batch);
    for (auto& slot : slots_) {
      if (drafted > 1 && !slot.empty() && slot.back() == batch.back().cell) slot.pop_back();
    }
  }

  void shift(std::vector<std::size_t>& slot) {
    if (slot.size() < 20) return;
    slot.erase(slot.begin() + 5, slot.begin() + 15);
    cache_.shift(0, FakeCache::cells);
  }

  // Another state of as many tokens, in the same cells.
  void load(const std::vector<std::size_t>& slot) {
    for (const std::size_t cell : slot) cache_.replace(cell, cell + 1);
  }

  FakeCache cache_;
  std::mt19937 random_;
  std::vector<std::vector<std::size_t>> slots_ = std::vector<std::vector<std::size_t>>(4);
  std::size_t answered_ = 0;
};

TEST(Slots, AnswersAreThoseOfFullAttention) {
  Settings settings;
  settings.first_tokens = 24;
  settings.context.kind = HeadKind::flat;
  settings.context.sinks = settings.context.recent = 0;
  for (unsigned seed = 1; seed <= 4; ++seed) {
    Slots slots(settings, seed);
    for (int request = 0; request < 200; ++request) {
      slots.request();
      ASSERT_LT(slots.cache().largest_error, 2e-5) << "seed " << seed << ", request " << request;
    }
    EXPECT_GT(slots.answered(), 500U);
  }
}

}  // namespace
}  // namespace rattan::llama::test
