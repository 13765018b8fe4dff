#include "key_prints.h"

#include <algorithm>
#include <cstring>

namespace rattan::llama {
namespace {

constexpr std::size_t looked_at = 32;

// One step of SplitMix64.
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31U);
}

std::uint32_t print(std::span<const std::byte> row) {
  std::uint64_t state = 0x9E3779B97F4A7C15ULL ^ row.size();
  for (std::size_t at = 0; at < row.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, row.data() + at, std::min(sizeof word, row.size() - at));
    state = (state ^ word) * 0xFF51AFD7ED558CCDULL;
    state ^= state >> 32U;
  }
  return static_cast<std::uint32_t>(mixed(state));
}

}  // namespace

void KeyPrints::extend(std::size_t tokens, const Row& row) {
  while (prints_.size() < tokens) prints_.push_back(print(row(prints_.size())));
}

void KeyPrints::cut(std::size_t tokens) {
  if (tokens < prints_.size()) prints_.resize(tokens);
}

bool KeyPrints::match(std::size_t tokens, const Row& row) {
  const std::size_t known = std::min(tokens, prints_.size());
  for (std::size_t i = known - std::min(known, looked_at); i < known; ++i) {
    if (print(row(i)) != prints_[i]) return false;
  }
  for (std::size_t i = 0; i < std::min(known, looked_at); ++i) {
    random_ += 0x9E3779B97F4A7C15ULL;
    const std::size_t position = mixed(random_) % known;
    if (print(row(position)) != prints_[position]) return false;
  }
  return true;
}

}  // namespace rattan::llama
