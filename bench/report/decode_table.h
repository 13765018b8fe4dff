// What `decode` prints and draws: a row per way to decode, estimate and number of keys.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "bench/measure/repeats.h"
#include "bench/measure/run_record.h"
#include "bench/measure/sweep_rows.h"
#include "bench/report/record.h"
#include "bench/report/writers.h"

namespace rattan::bench {

struct DecodeRow {
  std::string source;
  std::string way;       // "full", "flat", "scan4", "graph", "auto"
  std::string estimate;  // of the unread keys: "on", "off"
  std::string kinds;     // what its heads are searched by
  std::uint64_t keys = 0;
  std::uint64_t dim = 0;
  std::string dtype;
  std::uint64_t query_heads = 0;
  std::uint64_t kv_heads = 0;
  std::uint64_t layers = 0;
  std::uint64_t layers_distinct = 0;  // the others are copies
  std::uint64_t k = 0;
  RepeatedTime us;                   // of one layer of one token
  double keys_share = not_measured;  // keys read in full / keys
  double bytes = not_measured;       // read per layer and step
  double output_error = not_measured;
  double build_s = 0;  // of a KV head
  std::uint64_t resident_bytes = 0;
  double times_faster_than_full = not_measured;
  double times_faster_than_flat = not_measured;
  double growth_exponent = not_measured;
  RunRecord run;
};

// Sets times_faster_than_full and _flat (of the same source's keys; none without a "flat") and growth_exponent (over
// all sources; none where there is one number of keys). Every source has a "full".
void compare_rows(std::vector<DecodeRow>& rows);

Record to_record(const DecodeRow& row);

void write_decode(std::ostream& out, Format format, const std::vector<DecodeRow>& rows);

// Throws Error(io) naming the path.
void plot_decode(const std::string& path, const std::vector<DecodeRow>& rows);

}  // namespace rattan::bench
