// What `info` prints of attention heads: a record per query head; as Markdown a line per KV head with the range over
// its query heads.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "bench/inputs/rotary.h"
#include "bench/measure/run_record.h"
#include "bench/report/record.h"
#include "bench/report/writers.h"
#include "rattan/evaluate.h"

namespace rattan::bench {

struct QueryHeadRow {
  std::string source;
  int layer = 0;
  int kv_head = 0;
  std::size_t query_head = 0;
  std::size_t keys = 0;
  std::size_t prefill = 0;
  std::size_t dim = 0;
  std::string dtype;
  std::size_t decode_rows = 0;
  std::size_t measured_rows = 0;
  std::uint32_t sinks = 0;
  std::uint32_t recent = 0;
  HeadStatistics statistics;
  RotaryStatistics rotary;
  double group_cosine = 0;  // of its mean query, RoPE undone, with those of the group's other heads: the median
  RunRecord run;
};

Record to_record(const QueryHeadRow& row);

void write_heads(std::ostream& out, Format format, const std::vector<QueryHeadRow>& rows);

}  // namespace rattan::bench
