// What is inside an AttentionScratch.
#pragma once

#include <cstddef>
#include <vector>

#include "rattan/attention.h"
#include "scan/scorer.h"

namespace rattan {

struct AttentionBuffers {
  PreparedQueries queries;
  std::vector<float> logits;
  std::vector<float> weights;
  std::vector<const void*> rows;
  std::vector<float> outputs;
  std::vector<float> tops;
  std::vector<double> sums;
  std::vector<std::size_t> ends;
  std::vector<std::size_t> counts;
};

}  // namespace rattan
