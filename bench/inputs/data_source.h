// Where the Q, K and V of a command come from: dumps, synthetic heads or the data inside the program, one KV head at a
// time.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "datasets/qkv_dump.h"
#include "rattan/executor.h"

namespace rattan::bench {

// As given on the command line.
struct DataSelection {
  std::vector<std::string> paths = {};      // --data
  datasets::QuerySplit split = {};          // --prefill and --group, where data does not say them
  std::vector<std::string> synthetic = {};  // --synth, one spec each
  bool embedded = false;                    // --embedded
  std::string layers = {};                  // --layers, e.g. "0,2-3"; empty: all
  std::string kv_heads = {};                // --kv-heads; empty: all
};

// One KV head that load() reads, maps or makes when it is needed.
struct HeadSource {
  std::string source;
  int layer = 0;
  int kv_head = 0;
  std::function<datasets::KvGroup()> load;
};

// What rows call the data of `head`: the path or spec, with the provenance that the data itself states. Data that
// states none is called by its path alone.
std::string source_label(const HeadSource& head, const datasets::KvGroup& group);

// In the order of the command line, then by layer and head. Throws UsageError if nothing is selected, a spec is wrong
// or a layer or head does not exist; Error for a dump that cannot be opened. `executor` makes synthetic heads.
std::vector<HeadSource> list_heads(const DataSelection& selection, Executor* executor = nullptr);

}  // namespace rattan::bench
