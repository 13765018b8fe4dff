#include "core/huge_pages.h"

namespace rattan {

void advise_huge_pages(void*, std::size_t) noexcept {}

}  // namespace rattan
