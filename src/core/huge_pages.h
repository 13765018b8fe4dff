// Large pages for large memory.
#pragma once

#include <cstddef>

namespace rattan {

inline constexpr std::size_t huge_page = std::size_t{2} << 20;

// Asks the system to back `memory` with huge pages, as far as whole ones fit. Advice only: nothing fails where it is
// refused or unknown.
void advise_huge_pages(void* memory, std::size_t bytes) noexcept;

}  // namespace rattan
