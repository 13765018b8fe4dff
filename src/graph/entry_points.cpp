#include "graph/entry_points.h"

#include <algorithm>

namespace rattan {
namespace {

// Lists are in shuffled order, so the first ones are an even sample; coverage needs no more.
constexpr std::size_t max_lists = 32768;

// For each key the lists it stands in, as one array with offsets.
struct Inverse {
  std::vector<std::size_t> offsets;
  std::vector<std::uint32_t> lists;

  Inverse(const LinkLists& links, std::size_t count) : offsets(links.keys() + 1, 0) {
    for (std::size_t i = 0; i < count; ++i) {
      for (const KeyId key : links[i]) ++offsets[key + 1];
    }
    for (std::size_t key = 0; key < links.keys(); ++key) offsets[key + 1] += offsets[key];
    lists.resize(offsets.back());
    std::vector<std::size_t> next(offsets.begin(), offsets.end() - 1);
    for (std::size_t i = 0; i < count; ++i) {
      for (const KeyId key : links[i]) lists[next[key]++] = static_cast<std::uint32_t>(i);
    }
  }
};

std::vector<KeyId> cover(const LinkLists& links, std::size_t lists, std::uint32_t count) {
  const Inverse inverse(links, lists);
  std::vector<std::size_t> gain(links.keys());
  for (std::size_t key = 0; key < gain.size(); ++key) gain[key] = inverse.offsets[key + 1] - inverse.offsets[key];
  std::vector<bool> covered(lists, false);
  std::vector<KeyId> chosen;
  while (chosen.size() < count) {
    const auto best = static_cast<std::size_t>(std::max_element(gain.begin(), gain.end()) - gain.begin());
    if (gain[best] == 0) break;
    chosen.push_back(static_cast<KeyId>(best));
    for (std::size_t i = inverse.offsets[best]; i < inverse.offsets[best + 1]; ++i) {
      const std::uint32_t list = inverse.lists[i];
      if (covered[list]) continue;
      covered[list] = true;
      for (const KeyId key : links[list]) --gain[key];
    }
  }
  return chosen;
}

}  // namespace

std::vector<KeyId> choose_entry_points(const LinkLists& lists, std::uint32_t count) {
  const std::size_t keys = lists.keys();
  const std::size_t wanted = std::min<std::size_t>(count, keys);
  std::vector<KeyId> chosen;
  if (wanted != 0) chosen = cover(lists, std::min(lists.size(), max_lists), static_cast<std::uint32_t>(wanted));
  std::sort(chosen.begin(), chosen.end());
  for (std::size_t i = 0, start = chosen.size(); chosen.size() < wanted; ++i) {
    // Evenly spaced first; where those are taken already, the next free ids.
    const auto id = static_cast<KeyId>(i < wanted ? i * keys / wanted : i - wanted);
    if (!std::binary_search(chosen.begin(), chosen.begin() + static_cast<std::ptrdiff_t>(start), id) &&
        std::find(chosen.begin() + static_cast<std::ptrdiff_t>(start), chosen.end(), id) == chosen.end()) {
      chosen.push_back(id);
    }
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace rattan
