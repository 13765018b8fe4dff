#include "bench/cli/build_layers.h"

#include <chrono>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <set>
#include <sstream>

#include "bench/inputs/usage_error.h"
#include "rattan/layer_build.h"

namespace rattan::bench {
namespace {

std::string file_name(const HeadSource& head) {
  std::ostringstream name;
  name << std::setfill('0') << "layer_" << std::setw(2) << head.layer << "_head_" << std::setw(2) << head.kv_head
       << ".rattan";
  return name.str();
}

void check_names(const std::vector<HeadSource>& heads, const std::string& folder) {
  std::set<std::string> names;
  for (const HeadSource& head : heads) {
    if (names.insert(file_name(head)).second) continue;
    throw UsageError("the data has layer " + std::to_string(head.layer) + ", KV head " + std::to_string(head.kv_head) +
                     " twice; build from one source at a time");
  }
  if (std::filesystem::exists(folder) && !std::filesystem::is_directory(folder)) {
    throw UsageError("--out " + folder + " is a file; the data selects " + std::to_string(heads.size()) +
                     " KV heads, whose graphs go into a folder");
  }
}

LayerHead linked_rows(const HeadProblem& problem, const LinkOptions& options) {
  LayerHead head;
  head.keys = problem.keys;
  for (const SharedMatrix& queries : problem.group.prefill_queries) {
    head.queries.push_back({queries.view.every(link_step(queries.view.rows, options)), queries.owner});
  }
  if (options.causal && !head.queries.empty()) {
    head.positions = link_positions(problem, problem.group.prefill_queries.front().view.rows, options);
  }
  return head;
}

}  // namespace

LayersRun build_layers(const std::vector<HeadSource>& heads, const ProblemOptions& problem, const BuildOptions& build,
                       const ExactTopK& exact, bool overlap, const std::string& folder) {
  check_names(heads, folder);
  std::filesystem::create_directories(folder);
  LayerBuildParams params;
  params.links_k = build.links.k;
  params.graph = build.graph;
  params.overlap = overlap;
  const auto load = [&](std::size_t at) {
    return linked_rows(make_problem(heads[at].load(), problem, exact), build.links);
  };
  LayersRun run;
  const auto start = std::chrono::steady_clock::now();
  build_layer(heads.size(), load, exact, params,
              [&](std::size_t at, std::unique_ptr<Index> graph, const BuildStats& stats) {
                const std::string file = (std::filesystem::path(folder) / file_name(heads[at])).string();
                graph->save(file);
                Json record{{"source", heads[at].source},
                            {"layer", heads[at].layer},
                            {"kv_head", heads[at].kv_head},
                            {"keys", graph->size()},
                            {"file", file}};
                for (const auto& [name, seconds] : stats.stages) {
                  record[name + "_s"] = seconds;
                  if (name != "wait") run.summed_s += seconds;
                }
                record["unreachable"] = stats.unreachable;
                run.records.push_back(std::move(record));
              });
  run.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return run;
}

void print_layers(const LayersRun& run, const std::string& folder) {
  std::vector<Column> columns{fixed_column("layer", "layer", 0), fixed_column("KV head", "kv_head", 0),
                              fixed_column("keys", "keys", 0)};
  for (const auto& [name, value] : run.records.front().items()) {
    if (name.ends_with("_s")) columns.push_back(fixed_column(name.substr(0, name.size() - 2) + " s", name, 2));
  }
  columns.push_back(text_column("file", "file"));
  write_markdown(std::cout, columns, run.records);
  std::cout << std::fixed << std::setprecision(2) << "\nall " << run.wall_s << " s; the stages one after the other "
            << run.summed_s << " s (wait: how long a build waited for its links)\nwrote " << run.records.size()
            << " graphs to " << folder << '\n';
}

}  // namespace rattan::bench
