#include "scan/code_scan.h"

#include <algorithm>

namespace rattan {
namespace {

// Scores of a step stay in the first-level cache beside the codes that stream by.
constexpr std::size_t step_keys = 512;
constexpr std::size_t block = simd::code_block_rows;
static_assert(step_keys % block == 0);

}  // namespace

void code_scan(const CodeScorer& scorer, const PreparedCodeQueries& queries, IdRange range, std::span<BucketBeam> beams,
               CodeScanScratch& scratch) {
  scratch.scores.resize(queries.count() * step_keys);
  scratch.positions.resize(step_keys);
  const std::size_t end = std::min<std::size_t>(range.end, scorer.codes().rows());
  const auto select_above = scorer.kernels().select_above;

  // Steps begin at blocks; what the first and the last block hold beside the range is scored and left out.
  for (std::size_t first = range.begin / block * block; first < end; first += step_keys) {
    const std::size_t begin = std::max<std::size_t>(first, range.begin);
    const std::size_t count = std::min(step_keys, end - first);
    scorer.score_blocks(queries, first / block, (count + block - 1) / block, scratch.scores.data(), step_keys);
    for (std::size_t q = 0; q < queries.count(); ++q) {
      const float* scores = scratch.scores.data() + q * step_keys + (begin - first);
      const std::size_t selected =
          select_above(scores, first + count - begin, beams[q].threshold(), scratch.positions.data());
      for (std::size_t i = 0; i < selected; ++i) {
        const std::uint32_t position = scratch.positions[i];
        beams[q].add(scores[position], static_cast<KeyId>(begin + position));
      }
      beams[q].settle();
    }
  }
}

}  // namespace rattan
