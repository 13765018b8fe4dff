// An object that several hold, and whose holders may write to it where they are alone with it.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace rattan {

// std::shared_ptr would say how many hold it without ordering what others did before they let go: their last reads
// might come after the first write of who finds itself alone.
template <typename T>
class Counted {
 public:
  explicit Counted(T object) : held_(new Held{std::move(object), {1}}) {}
  Counted(const Counted& other) noexcept : held_(other.held_) {
    held_->holders.fetch_add(1, std::memory_order_relaxed);
  }
  Counted(Counted&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
  Counted& operator=(Counted other) noexcept {
    std::swap(held_, other.held_);
    return *this;
  }
  ~Counted() {
    if (held_ != nullptr && held_->holders.fetch_sub(1, std::memory_order_acq_rel) == 1) delete held_;
  }

  // Of what was not moved from.
  T& operator*() const noexcept { return held_->object; }
  T* operator->() const noexcept { return &held_->object; }
  // False: whoever held it is done with it, also with reading.
  bool shared() const noexcept { return held_->holders.load(std::memory_order_acquire) > 1; }

 private:
  struct Held {
    T object;
    std::atomic<std::size_t> holders;
  };
  Held* held_;
};

}  // namespace rattan
