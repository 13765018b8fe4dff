#include <algorithm>

#include "core/random.h"
#include "datasets/synthetic_head.h"

namespace rattan::datasets {

PairRoles draw_pair_roles(std::size_t dim, std::uint64_t seed) {
  const std::size_t pairs = dim / 2;
  const std::size_t strong_count = std::clamp<std::size_t>(pairs / 16, 1, 4);
  const std::size_t candidates = std::min(pairs, std::max<std::size_t>(2 * strong_count, pairs / 8));

  std::vector<std::size_t> slowest;
  for (std::size_t i = 0; i < candidates; ++i) slowest.push_back(pairs - 1 - i);
  for (std::size_t i = 0; i < strong_count; ++i) {
    std::swap(slowest[i], slowest[i + random_below(seed, i, candidates - i)]);
  }

  PairRoles roles;
  roles.strong.assign(slowest.begin(), slowest.begin() + static_cast<std::ptrdiff_t>(strong_count));
  for (std::size_t j = pairs / 2; j < pairs; ++j) {
    if (std::find(roles.strong.begin(), roles.strong.end(), j) == roles.strong.end()) roles.content.push_back(j);
  }
  if (roles.content.empty()) roles.content = roles.strong;
  for (std::size_t j = pairs / 8; j < pairs / 2; ++j) roles.local.push_back(j);
  for (std::size_t j = pairs / 8; j < pairs / 2 + pairs / 8; ++j) roles.own.push_back(j);
  return roles;
}

}  // namespace rattan::datasets
