#include "core/aligned.h"

#include "core/huge_pages.h"

namespace rattan {
namespace {

// Memory that would fill half of a huge page gets a whole one.
bool wants_huge_pages(std::size_t bytes) noexcept { return bytes >= huge_page / 2; }

std::size_t rounded(std::size_t bytes) noexcept { return (bytes + huge_page - 1) / huge_page * huge_page; }

}  // namespace

void* allocate_aligned(std::size_t bytes) {
  if (!wants_huge_pages(bytes)) return ::operator new (bytes, std::align_val_t{cache_line});
  if (rounded(bytes) < bytes) throw std::bad_alloc();
  void* memory = ::operator new (rounded(bytes), std::align_val_t{huge_page});
  advise_huge_pages(memory, rounded(bytes));
  return memory;
}

void free_aligned(void* memory, std::size_t bytes) noexcept {
  ::operator delete (memory, std::align_val_t{wants_huge_pages(bytes) ? huge_page : cache_line});
}

}  // namespace rattan
