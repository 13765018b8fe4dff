// `build` over several KV heads: their graphs by build_layer, one file each.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "bench/cli/options.h"
#include "bench/inputs/data_source.h"
#include "bench/inputs/kinds.h"
#include "bench/inputs/problem.h"
#include "bench/report/record.h"
#include "rattan/exact_topk.h"

namespace rattan::bench {

struct LayersRun {
  std::vector<Record> records;  // one per KV head: layer, kv_head, keys, seconds by stage, unreachable, file
  double wall_s = 0;            // of everything
  double summed_s = 0;          // what the stages would have taken one after the other
};

// `folder`/layer_LL_head_HH.rattan of a head.
std::string file_in(const std::string& folder, const HeadSource& head);

// Throws UsageError where two heads have one name or `folder` is a file.
void make_folder_for(const std::vector<HeadSource>& heads, const std::string& folder);

// Saves `folder`/layer_LL_head_HH.rattan for each of `heads`; makes the folder where it is missing. `overlap`: as
// LayerBuildParams::overlap. Throws UsageError where two heads have one name or `folder` is a file.
LayersRun build_layers(const std::vector<HeadSource>& heads, const ProblemOptions& problem, const BuildOptions& build,
                       const ExactTopK& exact, bool overlap, const std::string& folder);

void write_layers(std::ostream& out, const Run& run, const LayersRun& layers, const std::string& folder);

}  // namespace rattan::bench
