// The keys that lie nearest to keys by direction, found among those of clusters around them.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "graph/key_geometry.h"
#include "rattan/executor.h"
#include "rattan/types.h"

namespace rattan {

struct NearKeysParams {
  std::uint32_t count = 16;  // nearest keys of each, itself apart
  // Keys of whole clusters that each is compared with, at least. Where that is half of all keys, it is all of them.
  std::uint32_t compared = 4096;
  std::uint64_t seed = 1;
};

// take(key, nearest): each of `keys` once, nearest first, of any worker and in any order. The same lists for any
// executor.
void near_keys(std::span<const KeyId> keys, const KeyGeometry& geometry, const NearKeysParams& params,
               Executor& executor, const std::function<void(KeyId, std::span<const KeyId>)>& take);

}  // namespace rattan
