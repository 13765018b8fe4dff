// What `attend` prints: a row per KV head and budget, then the means over all KV heads, with fixed k and epsilon
// budgets compared at equal keys.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "bench/measure/run_record.h"
#include "bench/measure/sweep_rows.h"
#include "bench/report/record.h"
#include "bench/report/writers.h"

namespace rattan::bench {

struct AttendRow {
  std::string source;
  std::optional<std::int64_t> layer;    // none: over all KV heads
  std::optional<std::int64_t> kv_head;  // likewise
  std::string index;                    // "exact", or a variant
  std::optional<std::uint64_t> keys;    // indexed
  std::optional<std::uint64_t> k;       // keys per query head; none with an epsilon
  std::optional<double> epsilon;
  std::string estimate;  // of the unread keys: "on", "off"
  std::optional<std::uint64_t> steps;
  double recall = not_measured;
  double scan_fraction = not_measured;    // keys read / keys
  double bytes_per_query = not_measured;  // of the search: keys, codes, centroids and edges
  double keys_retrieved = not_measured;   // per query head
  double mass = not_measured;             // share of the indexed keys' softmax mass that they hold
  double unread = not_measured;           // share of the whole softmax that was not read
  double output_error = not_measured;     // |o - o'| / |o|
  double fixed_error = not_measured;      // epsilon: what fixed k has at as many keys
  double estimate_error = not_measured;   // |estimated - true| of the unread keys' log mass
  double us_p50 = not_measured;           // of one step
  double us_p50_deviation = not_measured;
  std::uint64_t repeats = 0;
  double us_full = not_measured;  // with attention to every key
  double us_flat = not_measured;  // with one exact pass and the values of the smallest k
  std::string kind;               // what a timed Context searches
  RunRecord run;
};

Record to_record(const AttendRow& row);

// One row per setting (k, epsilon, estimate), in the order of first appearance: means over `rows`. An epsilon budget's
// fixed_error is that of fixed k with the same `estimate`, interpolated between the neighbouring k in logarithms; none
// outside of them.
std::vector<AttendRow> mean_rows(const std::vector<AttendRow>& rows);

// The means behind the rows, which `records` has, and in Markdown how to read the table. `copies` of a head took turns
// in the timed steps; none: nothing was timed.
void finish_attend(std::ostream& out, RecordStream& records, const std::vector<AttendRow>& rows,
                   std::optional<std::size_t> copies);

}  // namespace rattan::bench
