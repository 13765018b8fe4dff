// An object that is replaced while others read it, and goes when nobody does any more.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace rattan {

// One publisher at a time, any number of readers. A reader takes no lock: it counts itself, and then asks which object
// is the newest, so that whoever finds no reader after publishing knows that older objects are nobody's.
template <typename T>
class Published {
 public:
  // The newest object of the moment, which stays as long as this.
  class Pin {
   public:
    Pin() = default;
    explicit Pin(const Published& published) noexcept : readers_(&published.readers_) {
      readers_->fetch_add(1);
      object_ = published.newest_.load();
    }
    ~Pin() {
      if (readers_ != nullptr) readers_->fetch_sub(1);
    }
    Pin(Pin&& other) noexcept : readers_(std::exchange(other.readers_, nullptr)), object_(other.object_) {}
    Pin& operator=(Pin&& other) noexcept {
      std::swap(readers_, other.readers_);
      std::swap(object_, other.object_);
      return *this;
    }
    const T& operator*() const noexcept { return **object_; }
    const T* operator->() const noexcept { return object_->get(); }
    // To hold on to it longer than the publisher does.
    std::shared_ptr<const T> share() const noexcept { return *object_; }

   private:
    std::atomic<std::size_t>* readers_ = nullptr;
    const std::shared_ptr<const T>* object_ = nullptr;
  };

  explicit Published(std::shared_ptr<const T> first) { publish(std::move(first)); }

  Pin pin() const noexcept { return Pin(*this); }

  // The publisher. Where publish() throws nothing has changed.
  const std::shared_ptr<const T>& newest() const noexcept { return *objects_.back(); }
  void publish(std::shared_ptr<const T> next) { publish(prepare(std::move(next))); }
  // In two halves: all that may fail, and what cannot, of the latest that was prepared.
  using Prepared = std::unique_ptr<const std::shared_ptr<const T>>;
  Prepared prepare(std::shared_ptr<const T> next) {
    objects_.reserve(objects_.size() + 1);
    return std::make_unique<const std::shared_ptr<const T>>(std::move(next));
  }
  void publish(Prepared next) noexcept {
    objects_.push_back(std::move(next));
    newest_.store(objects_.back().get());
    drop_older();
  }
  // Whether there was no reader: whatever readers find after this, they find what was published before.
  bool idle() const noexcept { return readers_.load() == 0; }
  // Those that were still read when another was published.
  void drop_older() noexcept {
    if (idle()) objects_.erase(objects_.begin(), objects_.end() - 1);
  }

 private:
  std::vector<std::unique_ptr<const std::shared_ptr<const T>>> objects_;
  std::atomic<const std::shared_ptr<const T>*> newest_{nullptr};
  mutable std::atomic<std::size_t> readers_{0};
};

}  // namespace rattan
