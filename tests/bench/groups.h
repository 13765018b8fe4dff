// A small KV head with random content, and a few result rows, for tests of the benchmark.
#pragma once

#include <string>

#include "bench/measure/report_data.h"
#include "datasets/qkv_dump.h"
#include "tests/support/matrices.h"

namespace rattan::test {

// `prefill` + `decode` keys and values; prefill queries at every position, `decode` decode queries after them.
inline datasets::KvGroup small_group(std::size_t prefill = 400, std::size_t decode = 12, std::size_t heads = 2,
                                     std::size_t dim = 16, DType dtype = DType::f32) {
  datasets::KvGroup group;
  group.layer = 3;
  group.kv_head = 1;
  group.prefill = prefill;
  group.softmax_scale = 0.25;
  group.source = "random";
  group.keys = random_matrix(prefill + decode, dim, 1, dtype);
  group.values = random_matrix(prefill + decode, dim, 2, dtype);
  for (std::size_t head = 0; head < heads; ++head) {
    group.prefill_queries.push_back(random_matrix(prefill, dim, 10 + head, dtype));
    group.decode_queries.push_back(random_matrix(decode, dim, 20 + head, dtype));
  }
  for (std::size_t i = 0; i < prefill; ++i) group.prefill_positions.push_back(static_cast<std::int64_t>(i));
  for (std::size_t i = 0; i < decode; ++i) group.decode_positions.push_back(static_cast<std::int64_t>(prefill + i));
  return group;
}

inline bench::SweepRow small_row(const std::string& index, std::int64_t kv_head, double target, double keys_per_query) {
  bench::SweepRow row;
  row.source = "a \"dump\", of two";
  row.index = index;
  row.layer = 2;
  row.kv_head = kv_head;
  row.keys = 1000;
  row.dim = 64;
  row.dtype = "bf16";
  row.heads = 4;
  row.k = 100;
  row.target = target;
  row.reached = true;
  row.heads_reached = 1;
  row.setting = "beam 20";
  row.recall = 0.96;
  row.recall_worst_head = 0.94;
  row.keys_per_query = keys_per_query;
  row.scan_fraction = keys_per_query / 1000;
  row.scan_group = 4 * row.scan_fraction;
  row.bytes_per_query = 128 * keys_per_query;
  row.build_s = 1.5;
  row.build_stages = {{"links", 1.0}, {"project", 0.5}};
  row.index_bytes = 5000;
  row.run.commit = "abc";
  return row;
}

}  // namespace rattan::test
