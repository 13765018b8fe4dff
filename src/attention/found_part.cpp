#include <algorithm>

#include "attention/retrieved_keys.h"
#include "attention/running_softmax.h"
#include "attention/scratch.h"

namespace rattan {

void attend_found(MatrixView values, std::span<const KeyId> ids, std::span<const float> scores, double scale,
                  AttentionPart& part, AttentionScratch& scratch) {
  check_scale(scale);
  check_parts({&part, 1}, 1, values.cols);
  const std::size_t count = checked({ids, scores}, values.rows).ids.size();

  RunningSoftmax softmax(1, values.cols, values.dtype, scale, scratch);
  scratch->weights.resize(std::max(scratch->weights.size(), softmax_block));
  scratch->rows.resize(std::max(scratch->rows.size(), softmax_block));
  for (std::size_t begin = 0; begin < count; begin += softmax_block) {
    const std::size_t size = std::min(softmax_block, count - begin);
    std::copy_n(scores.begin() + static_cast<std::ptrdiff_t>(begin), size, scratch->weights.begin());
    for (std::size_t i = 0; i < size; ++i) scratch->rows[i] = values.row(ids[begin + i]);
    softmax.add(scratch->weights.data(), softmax_block, {scratch->rows.data(), size});
  }
  softmax.finish({&part, 1});
}

}  // namespace rattan
