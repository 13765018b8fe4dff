// One token's attention over one KV head, for tests of what lies below Layer.
#pragma once

#include <span>

#include "context/head_attention.h"

namespace rattan::test {

// All query heads of one token.
inline DecodeStats attend_token(const KvHead& head, MatrixView queries, std::size_t tokens, const Budget& budget,
                                double scale, std::span<float> output, std::span<float> lse, HeadScratch& scratch) {
  HeadStep step;
  step.queries = queries;
  step.heads = step.group = queries.rows;
  step.tokens = tokens;
  step.budget = budget;
  step.logits = scale;
  step.output = output;
  step.lse = lse;
  return rattan::attend_head(head, step, scratch);
}

}  // namespace rattan::test
