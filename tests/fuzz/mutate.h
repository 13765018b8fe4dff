// Seeded mutations of bytes, for runs without a fuzzer.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/random.h"

namespace rattan::fuzz {

// Counter-based draws of one round.
class Draw {
 public:
  Draw(std::uint64_t seed, std::uint64_t round) : seed_(random_stream(seed, round)) {}
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_below(seed_, count_++, bound)); }

 private:
  std::uint64_t seed_;
  std::uint64_t count_ = 0;
};

inline void mutate(std::vector<std::byte>& bytes, Draw& draw) {
  constexpr std::string_view grammar = "{}[]():,'\" 0123456789-.eLFTruns<>\n\\_";
  constexpr unsigned char extremes[] = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};
  if (bytes.empty()) return;
  const std::size_t at = draw.below(bytes.size());
  const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
  switch (draw.below(7)) {
    case 0: *place ^= std::byte{1} << draw.below(8); break;
    case 1: *place = static_cast<std::byte>(draw.below(256)); break;
    case 2: *place = static_cast<std::byte>(extremes[draw.below(6)]); break;
    case 3: *place = static_cast<std::byte>(grammar[draw.below(grammar.size())]); break;
    case 4: bytes.resize(at); break;
    case 5: bytes.insert(place, static_cast<std::byte>(grammar[draw.below(grammar.size())])); break;
    default: {
      const std::size_t count = std::min<std::size_t>(1 + draw.below(16), bytes.size() - at);
      const std::vector<std::byte> copy(place, place + static_cast<std::ptrdiff_t>(count));
      const std::size_t to = draw.below(bytes.size() + 1);
      bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(to), copy.begin(), copy.end());
    }
  }
}

}  // namespace rattan::fuzz
