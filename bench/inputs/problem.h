// The setting in which every index is judged on one KV head: which keys it holds, which held-out queries are asked in
// which order, and the exact answers. src/DESIGN.md section 7.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "datasets/qkv_dump.h"
#include "rattan/exact_topk.h"
#include "rattan/results.h"

namespace rattan::bench {

struct ProblemOptions {
  std::uint32_t k = 100;
  std::uint32_t sinks = 128;                    // first keys, attended exactly and not indexed
  std::uint32_t recent = 512;                   // last keys of the prefill, likewise
  std::size_t queries = 256;                    // consecutive decode steps, from the first
  std::optional<DType> keys_as = std::nullopt;  // re-encode keys and values before anything else; unset: as stored
  std::optional<DType> queries_as = std::nullopt;
};

struct HeadProblem {
  datasets::KvGroup group;  // keys and values as measured (re-encoded where asked)
  IdRange indexed;          // rows of group.keys that are in the index
  SharedMatrix keys;        // those rows
  std::size_t heads = 0;
  std::size_t steps = 0;
  std::uint32_t k = 0;
  SharedMatrix queries;                 // [steps * heads, d]; row = step * heads + head
  std::vector<std::int64_t> positions;  // one per query row
  NeighborTable truth;                  // exact top-k of every query row; ids count from indexed.begin
  std::string window;                   // "sinks 128, recent 512", with a remark where they were shrunk

  MatrixView step(std::size_t index) const { return queries.view.slice(index * heads, heads); }
};

// Throws Error(invalid_argument) for a group without decode queries or with too few keys.
HeadProblem make_problem(datasets::KvGroup group, const ProblemOptions& options, const ExactTopK& exact);

// Window of a prefill of `prefill` keys: as asked, or both parts shrunk in proportion so that they leave three
// quarters of the keys to the index.
struct Window {
  std::uint32_t sinks = 0;
  std::uint32_t recent = 0;
};
Window fit_window(std::size_t prefill, std::uint32_t sinks, std::uint32_t recent);

struct LinkOptions {
  // Few queries with long lists make as good a graph as many with short ones, in less time
  // (bench/EXPERIMENTS.md section 2).
  std::uint32_t k = 128;
  std::size_t query_step = 0;  // every how many prefill query rows; 0: so that about 16,384 rows remain
  bool causal = false;         // a query links only to keys before it; else to any indexed key
  std::size_t left_out = 0;    // last prefill query rows that are kept for calibration
};

// Every how many of `rows` prefill query rows are linked, and the positions of those as Visibility wants them.
std::size_t link_step(std::size_t rows, const LinkOptions& options);
std::vector<std::int64_t> link_positions(const HeadProblem& problem, std::size_t rows, const LinkOptions& options);

// Exact top-k of sampled prefill queries over the indexed keys, one table per query head.
std::vector<NeighborTable> make_links(const HeadProblem& problem, const LinkOptions& options, const ExactTopK& exact);

// Dumps store query heads one after the other. Row = (step - first) * heads + head, where heads are all query heads of
// `groups`, group after group; every group has the steps [first, first + count).
SharedMatrix gather_steps(std::span<const datasets::KvGroup> groups, std::size_t first, std::size_t count);

// Keys and values, and queries, as other dtypes; unset: as they are.
void reencode(datasets::KvGroup& group, std::optional<DType> keys_as, std::optional<DType> queries_as);

// `matrix` as another dtype, packed; the same object where it has it already.
SharedMatrix convert(const SharedMatrix& matrix, DType dtype);

}  // namespace rattan::bench
