#include "scan/code_scan.h"

#include <algorithm>

namespace rattan {
namespace {

// Scores of a step stay in the first-level cache beside the codes that stream by.
constexpr std::size_t step_keys = 512;
constexpr std::size_t block = simd::code_block_rows;
static_assert(step_keys % block == 0);

// Rows that lie in consecutive blocks: row 0 is the first of block `first_block` and has the id `first_id`.
struct Stretch {
  std::size_t first_block;
  std::size_t first_id;
};

// Rows [from, end) of the stretch. Steps begin at blocks; what the first and the last block hold beside the range is
// scored and left out.
void scan_stretch(const CodeScorer& scorer, const PreparedCodeQueries& queries, const Stretch& stretch,
                  std::size_t from, std::size_t end, std::span<BucketBeam> beams, CodeScanScratch& scratch) {
  const auto select_above = scorer.kernels().select_above;
  for (std::size_t first = from / block * block; first < end; first += step_keys) {
    const std::size_t begin = std::max(first, from);
    const std::size_t count = std::min(step_keys, end - first);
    scorer.score_blocks(queries, stretch.first_block + first / block, (count + block - 1) / block,
                        scratch.scores.data(), step_keys);
    for (std::size_t q = 0; q < queries.count(); ++q) {
      const float* scores = scratch.scores.data() + q * step_keys + (begin - first);
      const std::size_t selected =
          select_above(scores, first + count - begin, beams[q].threshold(), scratch.positions.data());
      for (std::size_t i = 0; i < selected; ++i) {
        const std::uint32_t position = scratch.positions[i];
        beams[q].add(scores[position], static_cast<KeyId>(stretch.first_id + begin + position));
      }
      beams[q].settle();
    }
  }
}

}  // namespace

void code_scan(const CodeScorer& scorer, const PreparedCodeQueries& queries, IdRange range, std::span<BucketBeam> beams,
               CodeScanScratch& scratch) {
  scratch.scores.resize(queries.count() * step_keys);
  scratch.positions.resize(step_keys);
  const SplitCodes& codes = scorer.codes();
  const std::size_t end = std::min<std::size_t>(range.end, codes.rows());
  const std::size_t base = codes.base().rows();
  if (range.begin < base) {
    scan_stretch(scorer, queries, {0, 0}, range.begin, std::min(end, base), beams, scratch);
  }
  if (end > base) {
    const std::size_t begin = std::max<std::size_t>(range.begin, base);
    scan_stretch(scorer, queries, {codes.base_blocks(), base}, begin - base, end - base, beams, scratch);
  }
}

}  // namespace rattan
