#include "scan/code_scan.h"

#include <algorithm>

namespace rattan {
namespace {

// Scores of a step stay in the first-level cache beside the codes that stream by.
constexpr std::size_t step_keys = 512;
constexpr std::size_t block = simd::code_block_rows;
static_assert(step_keys % block == 0);

// Rows [from, end) of a part. Steps begin at blocks; what the first and the last block hold beside the range is scored
// and left out.
void scan_part(const CodeScorer& scorer, const PreparedCodeQueries& queries, std::size_t part, std::size_t from,
               std::size_t end, std::span<BucketBeam> beams, CodeScanScratch& scratch) {
  const auto select_above = scorer.kernels().select_above;
  const std::size_t first_id = scorer.codes().begin(part);
  for (std::size_t first = from / block * block; first < end; first += step_keys) {
    const std::size_t begin = std::max(first, from);
    const std::size_t count = std::min(step_keys, end - first);
    scorer.score_blocks(queries, part, first / block, (count + block - 1) / block, scratch.scores.data(), step_keys);
    for (std::size_t q = 0; q < queries.count(); ++q) {
      const float* raw = scratch.scores.data() + q * step_keys + (begin - first);
      const PreparedCodeQueries::Conversion by = queries.conversion(part, q);
      const std::size_t selected =
          select_above(raw, first + count - begin, by.raw_bound(beams[q].threshold()), scratch.positions.data());
      for (std::size_t i = 0; i < selected; ++i) {
        const std::uint32_t position = scratch.positions[i];
        beams[q].add(by.score(raw[position]), static_cast<KeyId>(first_id + begin + position));
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
  for (std::size_t part = 0; part < codes.parts(); ++part) {
    const std::size_t begin = codes.begin(part);
    const std::size_t from = std::max<std::size_t>(range.begin, begin);
    const std::size_t end = std::min<std::size_t>(range.end, codes.end(part));
    if (from < end) scan_part(scorer, queries, part, from - begin, end - begin, beams, scratch);
  }
}

}  // namespace rattan
