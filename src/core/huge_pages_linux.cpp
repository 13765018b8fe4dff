#include <sys/mman.h>

#include "core/huge_pages.h"

namespace rattan {

void advise_huge_pages(void* memory, std::size_t bytes) noexcept {
  static_cast<void>(madvise(memory, bytes / huge_page * huge_page, MADV_HUGEPAGE));
}

}  // namespace rattan
