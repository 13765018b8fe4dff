// The ways in which a prompt may come to a KV head of a context, and what decoding finds afterwards: at once, in
// chunks, token by token.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/inputs/problem.h"
#include "bench/measure/evaluation.h"
#include "bench/measure/repeats.h"
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
  RepeatedTime decode_us;   // a decode step of all query heads, caches cold, one thread
};

struct PromptOptions {
  std::size_t chunks = 2;
  std::uint32_t width = 0;  // of the kind's knob, for `fixed`
  std::size_t repeats = 1;  // of the timed decode steps
};

// problem: of the prefill, whose decode steps are asked. params.recent and sinks: the problem's.
std::vector<PromptWay> measure_prompt_ways(const HeadProblem& problem, const ContextParams& params,
                                           const PromptOptions& options, const ExactTopK& exact);

}  // namespace rattan::bench
