// Buffers that calls of any thread borrow, one call each, without a lock: a steady stream of calls allocates nothing.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>

namespace rattan {

// `T` is default-constructible and keeps nothing that a later call depends on.
template <typename T, std::size_t slots = 64>
class SlotPool {
 public:
  class Lease {
   public:
    explicit Lease(SlotPool& pool) : pool_(pool), item_(pool.take()) {}
    ~Lease() { pool_.give_back(std::move(item_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    T& operator*() const noexcept { return *item_; }
    T* operator->() const noexcept { return item_.get(); }

   private:
    SlotPool& pool_;
    std::unique_ptr<T> item_;
  };

  SlotPool() = default;
  ~SlotPool() {
    for (auto& slot : slots_) delete slot.load(std::memory_order_acquire);
  }
  SlotPool(const SlotPool&) = delete;
  SlotPool& operator=(const SlotPool&) = delete;

 private:
  std::unique_ptr<T> take() {
    for (auto& slot : slots_) {
      if (slot.load(std::memory_order_relaxed) == nullptr) continue;
      if (T* const item = slot.exchange(nullptr, std::memory_order_acquire)) return std::unique_ptr<T>(item);
    }
    return std::make_unique<T>();
  }

  // More calls at once than slots: the surplus is freed.
  void give_back(std::unique_ptr<T> item) noexcept {
    for (auto& slot : slots_) {
      T* empty = nullptr;
      if (slot.compare_exchange_strong(empty, item.get(), std::memory_order_release, std::memory_order_relaxed)) {
        static_cast<void>(item.release());
        return;
      }
    }
  }

  std::array<std::atomic<T*>, slots> slots_{};
};

}  // namespace rattan
