// One bit per key: what a search has seen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "rattan/types.h"

namespace rattan {

class KeyMarks {
 public:
  // Room for resets with up to `keys` keys: those allocate nothing.
  void reserve(std::size_t keys) { words_.reserve((keys + 63) / 64); }
  void reset(std::size_t keys) { words_.assign((keys + 63) / 64, 0); }
  bool test(KeyId key) const noexcept { return (words_[key >> 6] >> (key & 63) & 1U) != 0; }
  // Returns whether it was set before.
  bool set(KeyId key) noexcept {
    std::uint64_t& word = words_[key >> 6];
    const std::uint64_t bit = std::uint64_t{1} << (key & 63);
    const bool before = (word & bit) != 0;
    word |= bit;
    return before;
  }
  // Sets all of them; returns how many were not set before.
  std::size_t set_new(std::span<const KeyId> keys) noexcept {
    std::size_t count = 0;
    for (const KeyId key : keys) count += static_cast<std::size_t>(!set(key));
    return count;
  }

 private:
  std::vector<std::uint64_t> words_;
};

}  // namespace rattan
