// How a range of keys is dealt out to tiles. Tile t takes panels t, t + tiles, t + 2 * tiles, ... of consecutive keys,
// so every tile is a sample of the whole range: already the first one gives a threshold near the final one, even where
// scores rise along the context, as they do with the recency of real attention.
#pragma once

#include <cstddef>

#include "rattan/types.h"

namespace rattan {

class KeyTiling {
 public:
  // Keys [begin, begin + count) in panels of `panel` keys and at most `panels_per_tile` panels a tile.
  KeyTiling(KeyId begin, std::size_t count, std::size_t panel, std::size_t panels_per_tile) noexcept
      : begin_(begin),
        count_(count),
        panel_(panel),
        tiles_(((count + panel - 1) / panel + panels_per_tile - 1) / panels_per_tile) {}

  std::size_t tiles() const noexcept { return tiles_; }

  // Key at `position` of `tile`; ids rise with positions.
  KeyId id(std::size_t tile, std::size_t position) const noexcept {
    return begin_ + static_cast<KeyId>(((position / panel_) * tiles_ + tile) * panel_ + position % panel_);
  }

  // How many of the tile's keys are among the first `visible` keys of the range (visible <= count). They are the tile's
  // first positions, because ids rise with positions.
  std::size_t prefix(std::size_t tile, std::size_t visible) const noexcept {
    const std::size_t whole = visible / panel_;
    const std::size_t panels = whole > tile ? (whole - tile - 1) / tiles_ + 1 : 0;
    const bool holds_partial = panels * tiles_ + tile == whole;
    return panels * panel_ + (holds_partial ? visible % panel_ : 0);
  }

  std::size_t tile_keys(std::size_t tile) const noexcept { return prefix(tile, count_); }

 private:
  KeyId begin_;
  std::size_t count_;
  std::size_t panel_;
  std::size_t tiles_;
};

}  // namespace rattan
