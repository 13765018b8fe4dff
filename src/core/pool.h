// Objects that calls of any thread borrow, one call each: a steady stream of calls allocates nothing.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "core/fork.h"

namespace rattan {

// `T` is default-constructible and keeps nothing that a later call depends on. Up to `slots` objects change hands
// without a lock. What calls at the same time borrow beyond that lies under a mutex. Nothing is freed before the pool.
template <typename T, std::size_t slots = 64>
class Pool {
 public:
  // Borrows an object for its own lifetime.
  class Lease {
   public:
    explicit Lease(Pool& pool) : pool_(pool), item_(pool.take()) {}
    ~Lease() { pool_.give_back(std::move(item_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    T& operator*() const noexcept { return *item_; }
    T* operator->() const noexcept { return item_.get(); }

   private:
    Pool& pool_;
    std::unique_ptr<T> item_;
  };

  Pool() = default;
  // No lease may be alive.
  ~Pool() {
    for (auto& slot : slots_) delete slot.load(std::memory_order_acquire);
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

 private:
  std::unique_ptr<T> take() {
    for (auto& slot : slots_) {
      if (slot.load(std::memory_order_relaxed) == nullptr) continue;
      if (T* const item = slot.exchange(nullptr, std::memory_order_acquire)) return std::unique_ptr<T>(item);
    }
    return take_overflow();
  }

  void give_back(std::unique_ptr<T> item) noexcept {
    for (auto& slot : slots_) {
      T* empty = nullptr;
      if (slot.compare_exchange_strong(empty, item.get(), std::memory_order_release, std::memory_order_relaxed)) {
        static_cast<void>(item.release());
        return;
      }
    }
    const std::lock_guard lock(mutex_);
    overflow_.push_back(std::move(item));  // there is room: see take_overflow
  }

  std::unique_ptr<T> take_overflow() {
    const std::lock_guard lock(mutex_);
    if (!overflow_.empty()) {
      std::unique_ptr<T> item = std::move(overflow_.back());
      overflow_.pop_back();
      return item;
    }
    auto item = std::make_unique<T>();
    overflow_.reserve(created_ + 1);
    ++created_;
    return item;
  }

  std::array<std::atomic<T*>, slots> slots_{};
  ForkSafeMutex mutex_;
  std::vector<std::unique_ptr<T>> overflow_;
  std::size_t created_ = 0;
};

}  // namespace rattan
