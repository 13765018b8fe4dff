#include "tests/support/allocations.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace rattan::test {
namespace {

thread_local std::size_t of_thread = 0;
std::atomic<std::size_t> of_all{0};

void* counted(void* memory) {
  ++of_thread;
  of_all.fetch_add(1, std::memory_order_relaxed);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void* allocate(std::size_t bytes) { return counted(std::malloc(bytes == 0 ? 1 : bytes)); }

void* allocate(std::size_t bytes, std::align_val_t alignment) {
  const auto step = static_cast<std::size_t>(alignment);
  return counted(std::aligned_alloc(step, (bytes + step) / step * step));  // rounded up, and never zero
}

}  // namespace

std::size_t thread_allocations() noexcept { return of_thread; }
std::size_t all_allocations() noexcept { return of_all.load(std::memory_order_relaxed); }

}  // namespace rattan::test

void* operator new(std::size_t bytes) { return rattan::test::allocate(bytes); }
void* operator new[](std::size_t bytes) { return rattan::test::allocate(bytes); }
void* operator new(std::size_t bytes, std::align_val_t alignment) { return rattan::test::allocate(bytes, alignment); }
void* operator new[](std::size_t bytes, std::align_val_t alignment) { return rattan::test::allocate(bytes, alignment); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
