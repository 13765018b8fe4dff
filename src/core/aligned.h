// Vectors whose first element begins a cache line.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace rattan {

inline constexpr std::size_t cache_line = 64;

// From 1 MiB on, memory is whole huge pages and the system is asked to use such: a search touches keys in no order, and
// every page it touches costs a walk through the page table. May throw std::bad_alloc.
void* allocate_aligned(std::size_t bytes);
void free_aligned(void* memory, std::size_t bytes) noexcept;

template <typename T>
struct CacheLineAllocator {
  using value_type = T;

  CacheLineAllocator() = default;
  template <typename U>
  CacheLineAllocator(const CacheLineAllocator<U>&) noexcept {
  }  // NOLINT(google-explicit-constructor): allocators rebind

  T* allocate(std::size_t count) { return static_cast<T*>(allocate_aligned(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t count) noexcept { free_aligned(memory, count * sizeof(T)); }

  template <typename U>
  friend bool operator==(const CacheLineAllocator&, const CacheLineAllocator<U>&) noexcept {
    return true;
  }
};

template <typename T>
using AlignedVector = std::vector<T, CacheLineAllocator<T>>;

// Room for `count` elements in a buffer that calls use again: it never shrinks.
template <typename T, typename Allocator>
void grow(std::vector<T, Allocator>& buffer, std::size_t count) {
  if (buffer.size() < count) buffer.resize(count);
}

}  // namespace rattan
