// What `grow --chunks` prints: a record per KV head and way in which its prompt came.
#pragma once

#include <string>

#include "bench/context/prompt_ways.h"
#include "bench/measure/run_record.h"
#include "bench/report/record.h"

namespace rattan::bench {

Record to_record(const std::string& source, const HeadProblem& problem, const PromptWay& way, const RunRecord& run);

// How to read the table, with what all its rows share.
std::string prompt_legend(const HeadProblem& problem, const PromptWay& way, const RunRecord& run);

}  // namespace rattan::bench
