// The ways in which a prompt may come to a KV head of a context, and what decoding finds afterwards: at once, in
// chunks, token by token.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/inputs/problem.h"
#include "bench/measure/evaluation.h"
#include "rattan/context.h"
#include "rattan/exact_topk.h"

namespace rattan::bench {

struct PromptWay {
  std::string name;    // "at once", "32 chunks", "by tokens"
  HeadReport head;     // without layer and head
  double build_s = 0;  // all that is made of indexes and clusters, on one thread but for links
  std::size_t builds = 0;
  std::uint32_t width = 0;  // that calibration found
  Evaluation calibrated;    // with it
  Evaluation fixed;         // with one width for all ways
  double decode_us = 0;     // median of a decode step of all query heads, caches cold, one thread
};

// problem: of the prefill, whose decode steps are asked. `width`: of the kind's knob, for `fixed`. params.recent and
// sinks: the problem's.
std::vector<PromptWay> measure_prompt_ways(const HeadProblem& problem, const ContextParams& params, std::size_t chunks,
                                           std::uint32_t width, const ExactTopK& exact);

}  // namespace rattan::bench
