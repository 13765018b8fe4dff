#include <algorithm>
#include <iostream>
#include <memory>

#include "bench/cli/commands.h"
#include "bench/cli/options.h"
#include "bench/inputs/rotary.h"
#include "bench/report/head_table.h"
#include "bench/report/index_table.h"
#include "bench/report/run_fields.h"
#include "core/median.h"
#include "rattan/evaluate.h"

namespace rattan::bench {
namespace {

struct InfoFlags {
  DataSelection data;
  ProblemOptions problem;
  RunFlags run;
  std::string file;
  double rope_base = 5e5;
};

// Cosine of this head's mean query with each other head's of the group; the median tells how alike they are.
double median_cosine(const std::vector<RotaryStatistics>& heads, std::size_t head) {
  std::vector<double> cosines;
  for (std::size_t other = 0; other < heads.size(); ++other) {
    if (other != head) cosines.push_back(cosine(heads[head].mean, heads[other].mean));
  }
  if (cosines.empty()) return 1;
  return upper_median(cosines);
}

std::vector<RotaryStatistics> rotary_of(const datasets::KvGroup& group, double rope_base) {
  std::vector<RotaryStatistics> heads;
  for (std::size_t head = 0; head < group.heads(); ++head) {
    const bool prefill = head < group.prefill_queries.size() && group.prefill_queries[head].view.rows > 0;
    const SharedMatrix& queries = prefill ? group.prefill_queries[head] : group.decode_queries[head];
    heads.push_back(
        rotary_statistics(queries.view, prefill ? group.prefill_positions : group.decode_positions, rope_base));
  }
  return heads;
}

QueryHeadRow group_row(const HeadSource& source, const datasets::KvGroup& group, const Window& window) {
  QueryHeadRow row;
  row.source = source_label(source, group);
  row.layer = source.layer;
  row.kv_head = source.kv_head;
  row.keys = group.keys.view.rows;
  row.prefill = group.prefill;
  row.dim = group.dim();
  row.dtype = to_string(group.keys.view.dtype);
  row.sinks = window.sinks;
  row.recent = window.recent;
  return row;
}

// One row per query head.
void describe_group(const HeadSource& source, const InfoFlags& flags, const Run& run, std::vector<QueryHeadRow>& rows) {
  const datasets::KvGroup group = source.load();
  const Window window = fit_window(group.prefill, flags.problem.sinks, flags.problem.recent);
  const std::vector<RotaryStatistics> rotary = rotary_of(group, flags.rope_base);
  const std::size_t step =
      std::max<std::size_t>(1, (group.decode_positions.size() + flags.problem.queries - 1) / flags.problem.queries);
  std::vector<std::int64_t> positions;
  for (std::size_t at = 0; at < group.decode_positions.size(); at += step) {
    positions.push_back(group.decode_positions[at]);
  }
  QueryHeadRow row = group_row(source, group, window);
  row.measured_rows = positions.size();
  row.run = run.record;
  for (row.query_head = 0; row.query_head < group.heads(); ++row.query_head) {
    const MatrixView queries = group.decode_queries[row.query_head].view;
    row.decode_rows = queries.rows;
    row.statistics = head_statistics(queries.every(step), group.keys.view, positions, window.sinks, window.recent,
                                     group.softmax_scale, run.executor.get());
    row.rotary = rotary[row.query_head];
    row.group_cosine = median_cosine(rotary, row.query_head);
    rows.push_back(row);
  }
}

void describe_index(const InfoFlags& flags, const HeadSource& source, const Run& run) {
  ProblemOptions options = flags.problem;
  options.queries = 1;
  const HeadProblem problem = make_problem(source.load(), options, *make_exact_topk_cpu(run.executor.get()));
  const std::unique_ptr<Index> index = open_index(flags.file, problem.keys);
  if (run.format == Format::markdown) {
    std::cout << flags.file << ": " << index_title(*index) << ", " << to_string(index->metric()) << "\n\n"
              << index->describe() << "\n\n";
    return write_parts(std::cout, *index);
  }
  Record record = joined({{"file", flags.file}}, index_fields(*index));
  record.push_back({"description", index->describe()});
  write_records(std::cout, run.format, {joined(std::move(record), to_record(run.record))});
}

void run_info(const InfoFlags& flags) {
  const Run run = start_run(flags.run);
  const std::vector<HeadSource> heads = list_heads(flags.data, run.executor.get());
  if (!flags.file.empty()) return describe_index(flags, only_head(heads), run);
  std::vector<QueryHeadRow> rows;
  for (const HeadSource& source : heads) describe_group(source, flags, run, rows);
  write_heads(std::cout, run.format, rows);
}

}  // namespace

Action configure_info(CLI::App& app) {
  const auto flags = std::make_shared<InfoFlags>();
  add_data_flags(app, flags->data);
  app.add_option("--index-file", flags->file, "describe this index over the selected KV head instead")
      ->type_name("FILE");
  add_window_flags(app, flags->problem);
  app.add_option("--queries", flags->problem.queries, "decode rows measured per query head, evenly spaced")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 32))
      ->capture_default_str()
      ->group("Measurement");
  app.add_option("--rope-base", flags->rope_base, "to undo RoPE (rotate-half form)")
      ->check(CLI::Range(1.0, 1e12))
      ->capture_default_str();
  add_run_flags(app, flags->run, {.seed = false});
  return [flags] { run_info(*flags); };
}

}  // namespace rattan::bench
