#include "scan/flat_scan.h"

#include <algorithm>

namespace rattan {
namespace {

// Small enough that scores and row pointers of a block stay in the first-level cache beside the keys that stream by.
constexpr std::size_t block_keys = 256;

}  // namespace

void flat_scan(const Scorer& scorer, const PreparedQueries& queries, IdRange range, std::span<TopK> tops,
               FlatScratch& scratch) {
  scratch.scores.resize(queries.count() * block_keys);
  scratch.positions.resize(block_keys);
  const std::size_t end = std::min<std::size_t>(range.end, scorer.keys().rows());
  const auto select_above = scorer.kernels().select_above;

  for (std::size_t begin = range.begin; begin < end; begin += block_keys) {
    const std::size_t count = std::min(block_keys, end - begin);
    scorer.score_range(queries, begin, count, scratch.rows, scratch.scores.data(), block_keys);
    for (std::size_t q = 0; q < queries.count(); ++q) {
      const float* scores = scratch.scores.data() + q * block_keys;
      const std::size_t selected = select_above(scores, count, tops[q].threshold(), scratch.positions.data());
      for (std::size_t i = 0; i < selected; ++i) {
        const std::uint32_t position = scratch.positions[i];
        tops[q].push(scores[position], static_cast<KeyId>(begin + position));
      }
    }
  }
}

}  // namespace rattan
