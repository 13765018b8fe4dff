// Arrays that grow without moving: address space for all they may ever hold is reserved at once, memory is taken page
// by page as it is first written. So readers may hold pointers into an array while a writer adds behind them.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

namespace rattan {

// Zero bytes, a page aligned at least to a cache line. Where the system cannot reserve, the memory is allocated.
class ReservedMemory {
 public:
  ReservedMemory() = default;
  // Throws Error(no_memory).
  explicit ReservedMemory(std::size_t bytes);
  ~ReservedMemory();
  ReservedMemory(ReservedMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  ReservedMemory& operator=(ReservedMemory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  void* data() const noexcept { return data_; }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

// `capacity` elements whose bytes are zero until they are written. Who may read which of them is the owner's business.
template <typename T>
class ReservedArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  ReservedArray() = default;
  // Throws Error(no_memory), also where the bytes cannot be counted.
  explicit ReservedArray(std::size_t capacity)
      : memory_(capacity <= static_cast<std::size_t>(-1) / sizeof(T) ? capacity * sizeof(T)
                                                                     : static_cast<std::size_t>(-1)),
        capacity_(capacity) {}

  T* data() noexcept { return static_cast<T*>(memory_.data()); }
  const T* data() const noexcept { return static_cast<const T*>(memory_.data()); }
  std::size_t capacity() const noexcept { return capacity_; }
  T& operator[](std::size_t i) noexcept { return data()[i]; }
  const T& operator[](std::size_t i) const noexcept { return data()[i]; }

 private:
  ReservedMemory memory_;
  std::size_t capacity_ = 0;
};

}  // namespace rattan
