#include <algorithm>
#include <iostream>
#include <map>
#include <memory>

#include "bench/cli/commands.h"
#include "bench/cli/options.h"
#include "bench/inputs/rotary.h"
#include "bench/inputs/text.h"
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
  std::sort(cosines.begin(), cosines.end());
  return cosines[cosines.size() / 2];
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

// One record per query head.
void describe_group(const HeadSource& source, const InfoFlags& flags, Executor& executor, std::vector<Json>& records) {
  const datasets::KvGroup group = source.load();
  const Window window = fit_window(group.prefill, flags.problem.sinks, flags.problem.recent);
  const std::vector<RotaryStatistics> rotary = rotary_of(group, flags.rope_base);
  const std::size_t step =
      std::max<std::size_t>(1, (group.decode_positions.size() + flags.problem.queries - 1) / flags.problem.queries);
  std::vector<std::int64_t> positions;
  for (std::size_t row = 0; row < group.decode_positions.size(); row += step) {
    positions.push_back(group.decode_positions[row]);
  }
  for (std::size_t head = 0; head < group.heads(); ++head) {
    const HeadStatistics statistics =
        head_statistics(group.decode_queries[head].view.every(step), group.keys.view, positions, window.sinks,
                        window.recent, group.softmax_scale, &executor);
    records.push_back({{"source", source_label(source, group)},
                       {"layer", source.layer},
                       {"kv_head", source.kv_head},
                       {"query_head", head},
                       {"keys", group.keys.view.rows},
                       {"prefill", group.prefill},
                       {"dim", group.dim()},
                       {"dtype", to_string(group.keys.view.dtype)},
                       {"decode_rows", group.decode_queries[head].view.rows},
                       {"measured_rows", positions.size()},
                       {"sinks", window.sinks},
                       {"recent", window.recent},
                       {"far_mass", statistics.far_mass},
                       {"n90", statistics.n90},
                       {"top100", statistics.top100},
                       {"mahalanobis_queries", statistics.mahalanobis_queries},
                       {"mahalanobis_keys", statistics.mahalanobis_keys},
                       {"mean_cosine", statistics.mean_cosine},
                       {"concentration", statistics.concentration},
                       {"concentration_before_rope", rotary[head].concentration},
                       {"top4_energy", rotary[head].top4_energy},
                       {"strongest_ratio", rotary[head].strongest_ratio},
                       {"strongest_pair", rotary[head].strongest_pair},
                       {"group_cosine", median_cosine(rotary, head)},
                       {"query_norm", statistics.query_norm},
                       {"key_norm", statistics.key_norm}});
  }
}

// A number over the query heads of a KV head: "0.88-0.94", or one value where they agree in all digits shown.
std::string range(const std::vector<Json>& heads, const char* member, int digits) {
  double low = heads.front().at(member).get<double>();
  double high = low;
  for (const Json& head : heads) {
    low = std::min(low, head.at(member).get<double>());
    high = std::max(high, head.at(member).get<double>());
  }
  const std::string from = fixed(low, digits);
  const std::string to = fixed(high, digits);
  return from == to ? from : from + " to " + to;
}

struct RangeColumn {
  const char* title;
  const char* member;
  int digits;
};

constexpr RangeColumn range_columns[] = {
    {"far mass", "far_mass", 2},       {"n90", "n90", 0},
    {"top100", "top100", 2},           {"maha q", "mahalanobis_queries", 1},
    {"maha k", "mahalanobis_keys", 1}, {"cos(q, k)", "mean_cosine", 2},
    {"conc.", "concentration", 2},     {"before RoPE", "concentration_before_rope", 2},
    {"top-4 pairs", "top4_energy", 2}, {"max/med pair", "strongest_ratio", 1},
    {"pair", "strongest_pair", 0},     {"cos in group", "group_cosine", 2},
    {"|q|", "query_norm", 1},          {"|k|", "key_norm", 1}};

void print_statistics(const std::vector<Json>& records) {
  std::map<std::string, std::map<std::pair<int, int>, std::vector<Json>>> groups;
  for (const Json& record : records) {
    groups[record.at("source").get<std::string>()][{record.at("layer").get<int>(), record.at("kv_head").get<int>()}]
        .push_back(record);
  }
  std::vector<Column> columns = {text_column("layer", "layer"), text_column("kv", "kv_head")};
  for (const RangeColumn& column : range_columns) columns.push_back(text_column(column.title, column.member));
  for (const auto& [source, heads] : groups) {
    const Json& first = heads.begin()->second.front();
    std::cout << "### " << source << "\n\n"
              << first.at("prefill") << " prefill keys and " << first.at("decode_rows") << " decode rows ("
              << first.at("measured_rows") << " measured) of dimension " << first.at("dim") << ", "
              << first.at("dtype").get<std::string>() << ", " << heads.begin()->second.size()
              << " query heads per KV head; sinks " << first.at("sinks") << ", recent " << first.at("recent")
              << ".\n\n";
    std::vector<Json> lines;
    for (const auto& [place, queries] : heads) {
      Json line = {{"layer", place.first}, {"kv_head", place.second}};
      for (const RangeColumn& column : range_columns)
        line[column.member] = range(queries, column.member, column.digits);
      lines.push_back(line);
    }
    write_markdown(std::cout, columns, lines);
    std::cout << '\n';
  }
  std::cout << "Ranges run over the query heads of a KV head. far: keys outside sinks and recent window; n90: far keys "
               "that hold 90 % of the far mass (median);\ntop100: share of the far mass in the best 100; maha: median "
               "Mahalanobis distance to the keys; cos(q, k): mean query against mean key; conc.: |mean query| / rms;\n"
               "pairs: energy by rotary pair, their number grows with slowness; cos in group: mean queries of the "
               "group's heads, RoPE undone.\n";
}

void print_index(const InfoFlags& flags, const HeadSource& source, Executor& executor) {
  ProblemOptions options = flags.problem;
  options.queries = 1;
  const HeadProblem problem = make_problem(source.load(), options, *make_exact_topk_cpu(&executor));
  const std::unique_ptr<Index> index = open_index(flags.file, problem.keys);
  std::vector<Json> parts;
  for (const auto& [name, bytes] : index->memory().parts) parts.push_back({{"part", name}, {"bytes", bytes}});
  const std::uint64_t total = index->memory().total();
  if (parse_format(flags.run.format) != Format::markdown) {
    Json memory = Json::object();
    for (const auto& [name, bytes] : index->memory().parts) memory[name] = bytes;
    write_records(std::cout, parse_format(flags.run.format), {},
                  {{{"file", flags.file},
                    {"index", index->kind()},
                    {"keys", index->size()},
                    {"dim", index->dim()},
                    {"metric", to_string(index->metric())},
                    {"index_bytes", total},
                    {"memory", memory},
                    {"description", index->describe()}}});
    return;
  }
  std::cout << flags.file << ": " << index->kind() << " over " << index->size() << " keys of dimension " << index->dim()
            << ", " << to_string(index->metric()) << "\n\n"
            << index->describe() << "\n\n";
  parts.push_back({{"part", "all (keys are borrowed)"}, {"bytes", total}});
  write_markdown(std::cout, {text_column("part", "part"), fixed_column("MB", "bytes", 3, 1e-6)}, parts);
}

void run_info(const InfoFlags& flags) {
  const Format format = parse_format(flags.run.format);
  const std::unique_ptr<Executor> executor = make_openmp_executor(flags.run.threads);
  const std::vector<HeadSource> heads = list_heads(flags.data, executor.get());
  if (!flags.file.empty()) return print_index(flags, only_head(heads), *executor);
  std::vector<Json> records;
  for (const HeadSource& source : heads) describe_group(source, flags, *executor, records);
  if (format == Format::markdown) {
    print_statistics(records);
  } else {
    write_records(std::cout, format, {}, records);
  }
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
  add_threads_flag(app, flags->run);
  add_format_flag(app, flags->run);
  return [flags] { run_info(*flags); };
}

}  // namespace rattan::bench
