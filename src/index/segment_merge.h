// Which segments become one: as in a log-structured merge tree (O'Neil et al. 1996), so that few are left, and a key is
// put into a larger one only when as many have come behind it.
#pragma once

#include <cstddef>
#include <span>

namespace rattan {

// ends: where consecutive segments end, which begin at `begin`. Returns where the newest ones begin that should be one:
// four or more, each at most as large as all newer ones of them together; ends.back(), or `begin`, where none should.
std::size_t merge_begin(std::size_t begin, std::span<const std::size_t> ends) noexcept;

}  // namespace rattan
