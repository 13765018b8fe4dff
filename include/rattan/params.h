// Parameters as plain structs with defaults. Search parameters travel with the call and never live in an index.
// validate() throws Error(invalid_argument) naming the parameter, its value and what is allowed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "rattan/executor.h"
#include "rattan/types.h"

#pragma GCC visibility push(default)

namespace rattan {

struct SearchParams {
  // Neighbours per query row. More than the index holds: rows end in no_key. 0: an empty table.
  std::uint32_t k = 100;
  // Consecutive query rows that are searched together: the query heads of one KV head at one position. A key is read
  // once and scored for all of them; each row keeps its own results. Of more than eight rows about eight walk a graph
  // together. 1..32768, must divide the number of query rows.
  std::uint32_t group = 1;
  // Graph and HNSW: best keys that the walk keeps open per row ("ef" in HNSW, "L" in DiskANN). Unset: chosen from k.
  std::optional<std::uint32_t> beam_width;
  // Graph: beam and re-ranked keys of row i of each group are row_widths[i] times the width; `group` factors, 1/16 to
  // 16. Empty: 1 each. Calibration (build_auto, Context) finds those that even out the recall of the query heads.
  std::span<const float> row_widths;
  // Graph: at most this many adjacency lists are read per row. Unset: no limit but the beam.
  std::optional<std::uint32_t> expansions;
  // Indexes with codes: how many of the best keys by code are read in full per row, at least k. 0: codes are not used,
  // every score is of a key read in full. Unset: chosen from k; of a graph the beam width, but at least 1.5 k.
  std::optional<std::uint32_t> rerank;
  // IVF: lists scanned per row. Unset: chosen from the number of lists.
  std::optional<std::uint32_t> probes;
  // Only keys in this range are returned (sinks and the recent window are attended exactly elsewhere): min(k, keys of
  // the range) of them. A walk may still pass through the others, and is wider the fewer are wanted; where reading all
  // of the range costs less, it is scanned exactly.
  IdRange candidate_range;
  // Keys to start from besides the entry points, usually the previous step's results. They are scored and counted like
  // any key; ids outside the index are an error.
  std::span<const KeyId> start_keys;
  // Where groups of rows run in parallel; null: default_executor().
  Executor* executor = nullptr;
  void validate() const;
};

// Knobs of build_graph: RetrievalAttention (arXiv 2409.10516, section 3.2), with the projection of src/graph/project.h.
struct GraphBuildParams {
  // Edges per key at most; 2..1024. 16 read the fewest keys at recall 0.95 and are a quarter of the f16 keys' bytes.
  std::uint32_t max_degree = 16;
  // Edges per key while projecting, as a multiple of max_degree; 1..16. The most used max_degree of them stay.
  std::uint32_t oversampling = 2;
  // Slots that links leave free take keys near by direction (src/graph/fill.h): on a real model's hardest heads half of
  // the keys are in no query's list. Costs about a tenth of the links' time.
  bool fill_nearest = true;
  std::uint32_t entry_points = 64;  // keys every search starts from; 1..4096

  // Bits per channel of the codes by which the walk scores neighbours; 0 (none), 4 or 8. Four bits are a quarter of the
  // f16 keys' bytes: recall stays within 0.005, searches take half of the time. With l2 there are none.
  std::uint32_t code_bits = 4;
  std::uint64_t seed = 1;        // of every random choice
  Executor* executor = nullptr;  // null: default_executor()
  void validate() const;
};

struct Scan4BuildParams {
  Executor* executor = nullptr;  // null: default_executor()
};

// Knobs of build_auto.
struct AutoBuildParams {
  std::uint32_t k = 100;    // neighbours per row that searches will ask; 1..2^20
  std::uint32_t group = 1;  // rows that will be searched together; as SearchParams::group
  double recall = 0.95;     // wanted share of the exact k nearest, mean over the calibration rows; above 0, at most 1
  // Searches will have SearchParams::start_keys, the step before's results; calibration groups are consecutive steps.
  bool with_start_keys = false;
  GraphBuildParams graph;  // of the graph among the contenders; its executor is not used
  Executor* executor = nullptr;
  void validate() const;
};

struct IvfBuildParams {
  std::uint32_t lists = 0;        // 0: 2 * sqrt(keys)
  bool spherical = false;         // k-means with normalised centroids
  std::uint32_t iterations = 10;  // of k-means
  std::uint64_t seed = 1;
  Executor* executor = nullptr;
  void validate() const;
};

struct HnswBuildParams {
  std::uint32_t max_degree = 16;   // M: links per key on upper layers, twice as many on the lowest; 2..512
  std::uint32_t build_beam = 200;  // efConstruction
  std::uint64_t seed = 1;
  Executor* executor = nullptr;  // inserts run in parallel; with more than one worker the graph depends on timing
  void validate() const;
};

}  // namespace rattan

#pragma GCC visibility pop
