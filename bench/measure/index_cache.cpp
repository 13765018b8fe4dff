#include "bench/measure/index_cache.h"

#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "bench/measure/run_record.h"
#include "core/check.h"

namespace rattan::bench {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string key_of(BuildKind kind, const std::string& source, const HeadProblem& problem, const BuildOptions& options) {
  const GraphBuildParams& graph = options.graph;
  return message(kind.name, "; ", source, " layer ", problem.group.layer, " head ", problem.group.kv_head, "; ",
                 to_string(problem.keys.view.dtype), "; ", problem.window, "; links ", options.links.k, " step ",
                 options.links.query_step, " causal ", options.links.causal, "; graph ", graph.max_degree, " entries ",
                 graph.entry_points, " oversampling ", graph.oversampling, " fill ", graph.fill_nearest, " code bits ",
                 graph.code_bits, "; ivf ", options.ivf.lists, " x", options.ivf.iterations, "; hnsw ",
                 options.hnsw.max_degree, " beam ", options.hnsw.build_beam, "; seed ", graph.seed, "; commit ",
                 run_record().commit);
}

Json to_record(const BuiltIndex& built, const std::string& file) {
  Json stages = Json::array();
  for (const auto& [name, seconds] : built.stats.stages) stages.push_back({name, seconds});
  return {{"file", file},
          {"label", built.label},
          {"max_setting", built.max_setting},
          {"unreachable", built.stats.unreachable},
          {"stages", stages}};
}

BuiltIndex open_built(const Json& record, const fs::path& folder, const HeadProblem& problem) {
  BuiltIndex built;
  built.index = open_index(folder / record.at("file").get<std::string>(), problem.keys);
  built.label = record.at("label").get<std::string>();
  built.max_setting = record.at("max_setting").get<std::uint32_t>();
  built.stats.unreachable = record.at("unreachable").get<std::uint64_t>();
  for (const Json& stage : record.at("stages")) {
    built.stats.stages.emplace_back(stage.at(0).get<std::string>(), stage.at(1).get<double>());
  }
  return built;
}

}  // namespace

IndexCache::IndexCache(fs::path folder) : folder_(std::move(folder)) {
  if (!folder_.empty()) fs::create_directories(folder_);
}

std::vector<BuiltIndex> IndexCache::get(BuildKind kind, const std::string& source, const HeadProblem& problem,
                                        const BuildOptions& options, const ExactTopK& exact) const {
  if (kind.group_walk) {
    std::vector<BuiltIndex> walks;
    for (const BuiltIndex& hnsw : get({kind.name}, source, problem, options, exact)) {
      walks.push_back(group_walk_over(hnsw, problem));
    }
    return walks;
  }
  if (folder_.empty() || kind.name == "flat") return build_indexes(kind, problem, options, exact);
  const std::string key = key_of(kind, source, problem, options);
  const std::string stem = message(kind.name, "-", std::hash<std::string>{}(key));
  const fs::path list = folder_ / (stem + ".json");
  std::vector<BuiltIndex> built;
  if (std::ifstream file(list); file) {
    const Json saved = Json::parse(file, nullptr, false);
    if (!saved.is_discarded() && saved.value("key", "") == key) {
      for (const Json& record : saved.at("indexes")) built.push_back(open_built(record, folder_, problem));
      return built;
    }
  }
  built = build_indexes(kind, problem, options, exact);
  Json records = Json::array();
  for (const BuiltIndex& one : built) {
    const std::string name = message(stem, "-", records.size(), ".rattan");
    one.index->save(folder_ / name);
    records.push_back(to_record(one, name));
  }
  std::ofstream file(list);
  file << Json{{"key", key}, {"indexes", records}}.dump(1, ' ', false, Json::error_handler_t::replace) << '\n';
  if (!file.flush()) fail(ErrorCode::io, list.string(), " cannot be written");
  return built;
}

}  // namespace rattan::bench
