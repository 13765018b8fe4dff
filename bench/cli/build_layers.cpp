#include "bench/cli/build_layers.h"

#include <chrono>
#include <filesystem>
#include <iomanip>
#include <ostream>
#include <set>
#include <sstream>

#include "bench/inputs/text.h"
#include "bench/inputs/usage_error.h"
#include "bench/report/run_fields.h"
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

std::string file_in(const std::string& folder, const HeadSource& head) {
  return (std::filesystem::path(folder) / file_name(head)).string();
}

void make_folder_for(const std::vector<HeadSource>& heads, const std::string& folder) {
  check_names(heads, folder);
  std::filesystem::create_directories(folder);
}

LayersRun build_layers(const std::vector<HeadSource>& heads, const ProblemOptions& problem, const BuildOptions& build,
                       const ExactTopK& exact, bool overlap, const std::string& folder) {
  make_folder_for(heads, folder);
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
                const std::string file = file_in(folder, heads[at]);
                graph->save(file);
                Record record = {{"source", heads[at].source},
                                 {"layer", heads[at].layer, show_fixed("layer", 0)},
                                 {"kv_head", heads[at].kv_head, show_fixed("KV head", 0)},
                                 {"keys", graph->size(), show_fixed("keys", 0)}};
                for (const auto& [name, seconds] : stats.stages) {
                  record.push_back({name + "_s", seconds, show_fixed(name + " s", 2)});
                  if (name != "wait") run.summed_s += seconds;
                }
                record.push_back({"unreachable", stats.unreachable});
                record.push_back({"file", file, show_text("file")});
                run.records.push_back(std::move(record));
              });
  run.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return run;
}

void write_layers(std::ostream& out, const Run& run, const LayersRun& layers, const std::string& folder) {
  std::vector<Record> records;
  for (const Record& record : layers.records) records.push_back(joined(record, to_record(run.record)));
  write_records(out, run.format, records);
  if (run.format != Format::markdown) return;
  out << "\nall " << fixed(layers.wall_s, 2) << " s; the stages one after the other " << fixed(layers.summed_s, 2)
      << " s (wait: how long a build waited for its links)\nwrote " << records.size() << " graphs to " << folder
      << '\n';
}

}  // namespace rattan::bench
